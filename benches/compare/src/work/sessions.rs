//! What sessions cost by themselves: to open and close, and to keep.

use super::{Findings, Target, gather};
use crate::client::Heard;
use crate::{crowd::Crowd, meter::Meter, process, tally::Note, workload::Workload};
use std::time::{Duration, Instant};

/// How long everybody is left alone before memory is read.
const REST: Duration = Duration::from_millis(1500);
const PATIENCE: Duration = Duration::from_secs(60);

/// The memory of the server before anybody came, with everybody there, and when everybody was heard once.
pub fn idle(workload: &Workload, target: Target) -> Result<Findings, String> {
    let before = process::memory(target.pid)?;
    let mut crowd = gather(workload, target)?;
    let rest = |crowd: &mut Crowd| {
        wait(crowd)?;
        let more = process::memory(target.pid)?.saturating_sub(before);
        Ok::<_, String>(more as f64 / workload.conns as f64)
    };
    let fresh = rest(&mut crowd)?;
    let mut missing = workload.conns;
    let deadline = Instant::now() + PATIENCE;
    // A few at a time, so that what they need at once is not taken for what they keep.
    let (mut next, note) = (0, Note { number: 0, stream: 0, due: 0 });
    while missing > 0 {
        while next < workload.conns && next + missing < workload.conns + 16 {
            crowd.send(next, &note.write("", workload.payload));
            next += 1;
        }
        for (client, heard) in crowd.turn(Duration::from_millis(50))? {
            match heard {
                Heard::Note(_) => missing -= 1,
                Heard::Failed(error) => return Err(format!("client {client}: {error}")),
                _ => {}
            }
        }
        if Instant::now() > deadline {
            return Err(format!("{missing} clients were not answered"));
        }
    }
    let used = rest(&mut crowd)?;
    Ok(Findings { idle: Some((fresh, used)), ..Findings::default() })
}

fn wait(crowd: &mut Crowd) -> Result<(), String> {
    let until = Instant::now() + REST;
    while Instant::now() < until {
        for (client, heard) in crowd.turn(Duration::from_millis(50))? {
            if let Heard::Failed(error) = heard {
                return Err(format!("client {client}: {error}"));
            }
        }
    }
    Ok(())
}

/// Each client says goodbye as soon as it is in, and comes again when it is out.
pub fn connect(workload: &Workload, target: Target) -> Result<Findings, String> {
    let mut meter = Meter::new(target.pid, workload)?;
    let mut crowd = gather(workload, target)?;
    meter.begin();
    (0..workload.conns).for_each(|client| crowd.close(client));
    let mut inside = workload.conns;
    let deadline = Instant::now() + PATIENCE + workload.span().0 + workload.span().1;
    while inside > 0 {
        let going = meter.tick()?;
        for (client, heard) in crowd.turn(Duration::from_millis(4))? {
            match heard {
                Heard::Open => crowd.close(client),
                Heard::Closed => {
                    meter.count();
                    match going {
                        true => crowd.open(client),
                        false => inside -= 1,
                    }
                }
                Heard::Failed(error) => return Err(format!("client {client}: {error}")),
                _ => {}
            }
        }
        if Instant::now() > deadline {
            return Err(format!("{inside} clients neither came in nor got out"));
        }
    }
    Ok(Findings { reading: Some(meter.reading()?), ..Findings::default() })
}

//! Whether a broadcast to a great many makes others wait: some clients talk to the server at a fixed rate, which is
//! measured, while one of a crowd broadcasts to all of it every now and then.

use super::{DRAIN, Findings, Target, Work, echo::Paced, fan_out::FanOut, gather};
use crate::client::Heard;
use crate::{crowd::Crowd, meter::Meter, meter::histogram, workload::Workload};
use std::time::{Duration, Instant};

/// Those whose latency is measured.
const TALKERS: usize = 64;
/// Of so many of the crowd the generator reads before it looks after the talkers again, so that it does not make them
/// wait itself.
const SLICE: usize = 8;

pub fn run(workload: &Workload, target: Target) -> Result<Findings, String> {
    let mut meter = Meter::new(target.pid, workload)?;
    let mut talk = Workload { conns: TALKERS, ..workload.clone() };
    talk.mixed = false;
    let (mut talkers, mut paced) = (gather(&talk, target)?, Paced::new(&talk));
    let mut audience = Crowd::new(target.address, SLICE)?;
    (0..workload.conns).for_each(|_| audience.add(target.dialect, workload.poll));
    audience.open_all()?;
    let mut casts = FanOut::new(workload);
    let mut durations = histogram()?;
    let every = Duration::from_millis(workload.every);
    let mut next = Instant::now() + every;
    let mut deadline = None;
    meter.begin();
    loop {
        let going = meter.tick()?;
        if going {
            let now = talkers.now();
            paced.turn(&mut talkers, &mut meter, now);
            if workload.every > 0 && casts.under_way() == 0 && Instant::now() >= next {
                casts.send(&mut audience);
                next = Instant::now() + every;
            }
        } else if paced.under_way() + casts.under_way() == 0
            || Instant::now() > *deadline.get_or_insert_with(|| Instant::now() + DRAIN)
        {
            break;
        }
        for (client, heard) in talkers.turn(Duration::ZERO)? {
            match heard {
                // What is broadcast reaches the talkers as well.
                Heard::Note(note) if note.stream == 0 => {
                    meter.hear(talkers.now() - note.due);
                    paced.hear(&mut talkers, client, note, going);
                }
                Heard::Failed(error) => return Err(format!("talker {client}: {error}")),
                _ => {}
            }
        }
        for (client, heard) in audience.turn(Duration::ZERO)? {
            match heard {
                Heard::Note(note) => {
                    let complete = casts.heard(client, note);
                    if complete {
                        durations.saturating_record(audience.now() - note.due);
                    }
                }
                Heard::Failed(error) => return Err(format!("listener {client}: {error}")),
                _ => {}
            }
        }
    }
    let mut faults = paced.faults();
    faults += casts.faults();
    let broadcasts = (!durations.is_empty()).then(|| (&durations).into());
    Ok(Findings { reading: Some(meter.reading()?), faults, broadcasts, idle: None })
}

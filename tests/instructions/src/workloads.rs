//! What is counted.

use crate::{
    clients::{
        Generation::{self, Engine, Frames, Packets},
        Poll, Socket,
    },
    scene::{Outcome, Scene},
};

/// 48 bytes, so that a frame with everything around it has a short header.
const TEXT: &str = "the quick brown fox jumps over the lazy dog 1234";
const RECEIVERS: u32 = 50;
const DEPTH: u32 = 8;

/// What is done again and again, and how many messages the server has delivered by it.
pub(crate) type Round<'a> = Box<dyn FnMut() -> Outcome<u32> + 'a>;

pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) rounds: u32,
    pub(crate) prepare: for<'a> fn(&'a Scene) -> Outcome<Round<'a>>,
}

const fn workload(name: &'static str, rounds: u32, prepare: for<'a> fn(&'a Scene) -> Outcome<Round<'a>>) -> Workload {
    Workload { name, rounds, prepare }
}

pub(crate) const WORKLOADS: [Workload; 18] = [
    workload("echo 0.6", 400, |scene| echo(scene, Frames, Frames.message(TEXT), 1)),
    workload("echo 0.9", 400, |scene| echo(scene, Packets, Packets.message(TEXT), 1)),
    workload("echo 4.x", 400, |scene| echo(scene, Engine, Engine.message(TEXT), 1)),
    workload("echo of 8 at once 0.6", 100, |scene| echo(scene, Frames, Frames.message(TEXT), DEPTH)),
    workload("echo of 8 at once 0.9", 100, |scene| echo(scene, Packets, Packets.message(TEXT), DEPTH)),
    workload("echo of 8 at once 4.x", 100, |scene| echo(scene, Engine, Engine.message(TEXT), DEPTH)),
    workload("event echo 0.9", 400, |scene| echo(scene, Packets, Packets.event(TEXT), 1)),
    workload("event echo 4.x", 400, |scene| echo(scene, Engine, Engine.event(TEXT), 1)),
    workload("polling echo 0.6", 100, |scene| poll_echo(scene, Frames)),
    workload("polling echo 0.9", 100, |scene| poll_echo(scene, Packets)),
    workload("polling echo 4.x", 100, |scene| poll_echo(scene, Engine)),
    workload("fan-out 0.6", 20, |scene| fan_out(scene, &[Frames], 1)),
    workload("fan-out 0.9", 20, |scene| fan_out(scene, &[Packets], 1)),
    workload("fan-out 4.x", 20, |scene| fan_out(scene, &[Engine], 1)),
    workload("fan-out to all three", 20, |scene| fan_out(scene, &[Frames, Packets, Engine], 1)),
    workload("fan-out of 8 at once to all three", 10, |scene| fan_out(scene, &[Frames, Packets, Engine], DEPTH)),
    workload("connection 0.6", 40, |scene| connection(scene, Frames)),
    workload("connection 4.x", 40, |scene| connection(scene, Engine)),
];

/// `depth` messages in one write, each of which comes back.
fn echo(scene: &Scene, generation: Generation, said: String, depth: u32) -> Outcome<Round<'_>> {
    let mut socket = Socket::open(scene, generation)?;
    Ok(Box::new(move || {
        socket.say(&vec![said.as_str(); depth as usize])?;
        (0..depth).try_for_each(|_| socket.hear(&said))?;
        Ok(depth)
    }))
}

/// Polls, and posts a message, with which the poll is answered.
fn poll_echo(scene: &Scene, generation: Generation) -> Outcome<Round<'_>> {
    let mut poll = Poll::open(scene, generation)?;
    let (said, heard) = (generation.body(TEXT), generation.message(TEXT));
    Ok(Box::new(move || {
        poll.park()?;
        poll.say(&said)?;
        poll.hear(&heard)?;
        Ok(1)
    }))
}

/// One of the clients sends `depth` messages in one write, each of which all of them get.
fn fan_out<'a>(scene: &'a Scene, generations: &[Generation], depth: u32) -> Outcome<Round<'a>> {
    let text = format!("b:{TEXT}");
    let mut sockets = Vec::new();
    for generation in generations.iter().copied().cycle().take(RECEIVERS as usize) {
        sockets.push((Socket::open(scene, generation)?, generation.message(&text)));
    }
    Ok(Box::new(move || {
        if let Some((sender, said)) = sockets.first_mut() {
            sender.say(&vec![said.as_str(); depth as usize])?;
        }
        for (socket, expected) in &mut sockets {
            (0..depth).try_for_each(|_| socket.hear(expected))?;
        }
        Ok(RECEIVERS * depth)
    }))
}

/// Comes and goes.
fn connection(scene: &Scene, generation: Generation) -> Outcome<Round<'_>> {
    Ok(Box::new(move || {
        Socket::open(scene, generation)?.leave()?;
        Ok(1)
    }))
}

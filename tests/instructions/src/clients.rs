//! Clients of three generations, as few bytes as they can be: over a websocket, and by polling.

use crate::scene::{Connection, Outcome, Scene};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Generation {
    /// 0.6
    Frames,
    /// 0.9
    Packets,
    /// 4.x
    Engine,
}

use Generation::{Engine, Frames, Packets};

impl Generation {
    /// A text message, as it is sent and as it comes back.
    pub(crate) fn message(self, text: &str) -> String {
        match self {
            Frames => format!("~m~{}~m~{text}", text.len()),
            Packets => format!("3:::{text}"),
            Engine => format!(r#"42["message","{text}"]"#),
        }
    }

    /// A message as it is posted.
    pub(crate) fn body(self, text: &str) -> String {
        match self {
            Frames => format!("data={}", self.message(text)),
            _ => self.message(text),
        }
    }

    /// An event with one argument, as it is sent and as it comes back. Clients of frames have none.
    pub(crate) fn event(self, text: &str) -> String {
        match self {
            Frames => self.message(text),
            Packets => format!(r#"5:::{{"name":"echo","args":["{text}"]}}"#),
            Engine => format!(r#"42["echo","{text}"]"#),
        }
    }
}

pub(crate) struct Socket<'a>(Connection<'a>);

impl<'a> Socket<'a> {
    /// In the root namespace.
    pub(crate) fn open(scene: &'a Scene, generation: Generation) -> Outcome<Self> {
        let path = match generation {
            Frames => "/socket.io/websocket".to_owned(),
            Packets => format!("/socket.io/1/websocket/{}", handshake_of_packets(scene)?),
            Engine => "/socket.io/?EIO=4&transport=websocket".to_owned(),
        };
        let mut socket = Self(scene.connect()?);
        let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        socket.0.say(format!("GET {path} HTTP/1.1\r\nHost: own.example\r\n{upgrade}\r\n"))?;
        socket.0.hear_head()?;
        socket.0.hear_frame()?;
        if matches!(generation, Engine) {
            socket.say(&["40"])?;
            socket.0.hear_frame()?;
        }
        Ok(socket)
    }

    /// All in one write.
    pub(crate) fn say(&mut self, texts: &[&str]) -> Outcome<()> {
        self.0.say(texts.iter().flat_map(|text| masked(0x81, text.as_bytes())).collect::<Vec<_>>())
    }

    pub(crate) fn hear(&mut self, expected: &str) -> Outcome<()> {
        same(&self.0.hear_frame()?, expected)
    }

    pub(crate) fn leave(mut self) -> Outcome<()> {
        self.0.say(masked(0x88, &1000_u16.to_be_bytes()))?;
        self.0.hear_the_end()
    }
}

/// A frame of a client.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).ok().filter(|length| *length < 126).expect("a short frame");
    let mut frame = vec![first, 0x80 | length, 1, 2, 3, 4];
    frame.extend(payload.iter().zip([1, 2, 3, 4].iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn handshake_of_packets(scene: &Scene) -> Outcome<String> {
    let mut connection = scene.connect()?;
    connection.say(get("/socket.io/1/?t=1"))?;
    let answer = connection.hear_answer()?;
    Ok(answer.split(':').next().unwrap_or_default().to_owned())
}

/// A client by polling: one connection polls, the other posts.
pub(crate) struct Poll<'a> {
    polls: Connection<'a>,
    posts: Connection<'a>,
    poll: String,
    /// Where it posts to, and what that is answered with.
    post: (String, &'static str),
}

impl<'a> Poll<'a> {
    /// In the root namespace, with no poll under way.
    pub(crate) fn open(scene: &'a Scene, generation: Generation) -> Outcome<Self> {
        let (mut polls, posts) = (scene.connect()?, scene.connect()?);
        Ok(match generation {
            Frames => {
                polls.say(get("/socket.io/xhr-polling//1"))?;
                let answer = polls.hear_answer()?;
                let id = answer.rsplit("~m~").next().unwrap_or_default();
                let poll = get(&format!("/socket.io/xhr-polling/{id}/1"));
                Self { polls, posts, poll, post: (format!("/socket.io/xhr-polling/{id}/send"), "ok") }
            }
            Packets => {
                let path = format!("/socket.io/1/xhr-polling/{}?t=1", handshake_of_packets(scene)?);
                let mut poll = Self { polls, posts, poll: get(&path), post: (path, "1") };
                poll.park()?;
                poll.polls.hear_answer()?;
                poll
            }
            Engine => {
                let path = "/socket.io/?EIO=4&transport=polling";
                polls.say(get(path))?;
                let answer = polls.hear_answer()?;
                let id = answer.split('"').nth(3).unwrap_or_default();
                let path = format!("{path}&sid={id}");
                let mut poll = Self { polls, posts, poll: get(&path), post: (path, "ok") };
                poll.say("40")?;
                poll.park()?;
                poll.polls.hear_answer()?;
                poll
            }
        })
    }

    /// Begins a poll.
    pub(crate) fn park(&mut self) -> Outcome<()> {
        self.polls.say(&self.poll)
    }

    /// Posts and reads the answer.
    pub(crate) fn say(&mut self, body: &str) -> Outcome<()> {
        let (path, answer) = &self.post;
        let length = body.len();
        self.posts.say(format!(
            "POST {path} HTTP/1.1\r\nHost: own.example\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        ))?;
        same(&self.posts.hear_answer()?, answer)
    }

    /// What the poll is answered with.
    pub(crate) fn hear(&mut self, expected: &str) -> Outcome<()> {
        same(&self.polls.hear_answer()?, expected)
    }
}

fn same(heard: &str, expected: &str) -> Outcome<()> {
    // An event may have a text behind its arguments by which a client that was away finds its place.
    if heard == expected || expected.strip_suffix(']').is_some_and(|start| heard.starts_with(start)) {
        return Ok(());
    }
    Err(format!("the server said {heard:?} instead of {expected:?}").into())
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: own.example\r\n\r\n")
}

//! What the servers say, and what a client does about it.

use super::{Client, Heard, Net, Stage};
use crate::{dialect::Dialect, dialect::Said, frame, frame::Frame, http, tally::Note};

impl Client {
    /// Something is to be read on the connection for posts, or on the other.
    pub fn read(&mut self, net: &mut Net, posts: bool, hear: &mut dyn FnMut(Heard)) -> Result<(), String> {
        let link = if posts { &mut self.post } else { &mut self.main };
        let Some(link) = link else { return Ok(()) };
        let there = link.read(net.scratch).map_err(|error| format!("read: {error}"));
        let mut input = std::mem::take(&mut link.input);
        let taken = match (posts, self.stage) {
            (true, _) => self.read_posts(&input)?,
            (false, Stage::Handshake) => self.read_handshake(&input, net)?,
            (false, Stage::Upgrading) if !self.polling => self.read_upgrade(&input, hear)?,
            (false, _) if self.polling => self.read_polls(&input, net, hear)?,
            _ => self.read_frames(&input, hear)?,
        };
        input.drain(..taken);
        let link = if posts { &mut self.post } else { &mut self.main };
        if let Some(link) = link {
            link.input.append(&mut input);
        }
        if self.stage == Stage::Away || !matches!(there, Ok(true)) {
            let meant = matches!(self.stage, Stage::Away | Stage::Closing);
            match (posts, meant) {
                _ if meant => {
                    self.leave();
                    hear(Heard::Closed);
                }
                (true, _) if !self.posting => self.post = None,
                _ => return Err(there.err().unwrap_or_else(|| "the server hung up".to_owned())),
            }
        }
        Ok(())
    }

    fn read_posts(&mut self, input: &[u8]) -> Result<usize, String> {
        let Some(answer) = http::read(input)? else { return Ok(0) };
        if answer.status != 200 {
            return Err(format!("a POST was answered {}", answer.status));
        }
        self.posting = false;
        if answer.last {
            self.post = None;
        }
        Ok(answer.length)
    }

    /// `ID:15:25:websocket,…`; a WebSocket is then a connection of its own, as in a browser.
    fn read_handshake(&mut self, input: &[u8], net: &Net) -> Result<usize, String> {
        let Some(answer) = http::read(input)? else { return Ok(0) };
        let body = text(&answer.body)?;
        let id = body.split(':').next().filter(|_| answer.status == 200);
        self.paths = self.dialect.paths(id.ok_or_else(|| format!("a handshake: {body}"))?, self.polling);
        if answer.last || !self.polling {
            self.connect(net)?;
        }
        self.stage = Stage::Upgrading;
        if let Some(link) = &mut self.main {
            let ask = if self.polling { http::get } else { http::upgrade };
            ask(&mut link.output, &self.paths.0);
        }
        self.write(net)?;
        Ok(answer.length)
    }

    fn read_upgrade(&mut self, input: &[u8], hear: &mut dyn FnMut(Heard)) -> Result<usize, String> {
        let Some(answer) = http::read(input)? else { return Ok(0) };
        if answer.status != 101 {
            return Err(format!("an upgrade was answered {}", answer.status));
        }
        self.stage = Stage::Open;
        if self.dialect == Dialect::Raw {
            hear(Heard::Open);
        }
        let rest = input.get(answer.length..).unwrap_or(&[]);
        Ok(answer.length + self.read_frames(rest, hear)?)
    }

    fn read_polls(&mut self, input: &[u8], net: &Net, hear: &mut dyn FnMut(Heard)) -> Result<usize, String> {
        let Some(answer) = http::read(input)? else { return Ok(0) };
        if answer.status != 200 {
            return Err(format!("a poll was answered {}", answer.status));
        }
        let entering = self.stage == Stage::Upgrading;
        if self.stage != Stage::Greeting {
            self.hear(text(&answer.body)?, hear)?;
        }
        if answer.last {
            self.connect(net)?;
        }
        self.stage = Stage::Open;
        match (&mut self.main, self.dialect.greeting()) {
            (Some(link), Some(greeting)) if entering => {
                self.stage = Stage::Greeting;
                http::post(&mut link.output, &self.paths.1, self.dialect.content_type(), greeting);
            }
            (Some(link), _) => http::get(&mut link.output, &self.paths.0),
            _ => {}
        }
        self.write(net)?;
        Ok(answer.length)
    }

    fn read_frames(&mut self, input: &[u8], hear: &mut dyn FnMut(Heard)) -> Result<usize, String> {
        let read = if self.dialect == Dialect::Draft { frame::read_draft } else { frame::read };
        let mut at = 0;
        while let Some((frame, length)) = read(input.get(at..).unwrap_or(&[]))? {
            at += length;
            match frame {
                Frame::Text(text) => self.hear(text, hear)?,
                Frame::Ping(data) => {
                    if let Some(link) = &mut self.main {
                        frame::pong(&mut link.output, data);
                    }
                }
                Frame::Close if self.stage == Stage::Closing => {
                    self.leave();
                    return Ok(at);
                }
                Frame::Close => return Err("the server closed the socket".to_owned()),
                Frame::Other => {}
            }
        }
        Ok(at)
    }

    fn hear(&mut self, text: &str, hear: &mut dyn FnMut(Heard)) -> Result<(), String> {
        let (dialect, polling) = (self.dialect, self.polling);
        let mut over = false;
        dialect.read(text, polling, &mut |said| match said {
            Said::Text(text) => hear(Note::read(text).map_or(Heard::Other, Heard::Note)),
            Said::Open => hear(Heard::Open),
            Said::Id(id) => {
                self.paths = dialect.paths(id, polling);
                match dialect.greeting() {
                    Some(greeting) if !polling => self.say(greeting),
                    None if matches!(dialect, Dialect::Frames | Dialect::Draft) => hear(Heard::Open),
                    _ => {}
                }
            }
            Said::Ping(answer) => self.say(answer),
            Said::Over => over = true,
        })?;
        if over { Err("the server ended the session".to_owned()) } else { Ok(()) }
    }
}

fn text(body: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(body).map_err(|_| "a body that is not UTF-8".to_owned())
}

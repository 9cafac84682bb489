//! The recorded exchanges as data: who sends what on which connection, and what the other side is expected to do.

use std::fmt;

use serde_json::Value;

use crate::{
    generation::Generation,
    wire::{Parser, Unit},
};

/// One exchange between a client and an original server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Exchange {
    pub(crate) generation: &'static Generation,
    pub(crate) scenario: String,
    pub(crate) transport: String,
    pub(crate) version: String,
    /// The options the original server was started with.
    pub(crate) options: Value,
    pub(crate) steps: Vec<Step>,
    /// It was recorded what the application heard, if only that it heard nothing.
    pub(crate) hears: bool,
    /// The connections to the socket that takes the place of port 843 or 10843.
    pub(crate) policy_connections: Vec<String>,
    /// The session ids of the recording, in the order they were announced.
    pub(crate) sids: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    /// Milliseconds since the server was ready. A step without one came about by a difference.
    pub(crate) at: Option<u64>,
    pub(crate) what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum What {
    /// The client sends bytes.
    Send { conn: String, bytes: Vec<u8> },
    /// The client closes a connection.
    Finish { conn: String },
    /// The client closes every connection.
    HangUp,
    /// The server sends bytes.
    Expect { conn: String, units: Vec<Unit> },
    /// The server closes a connection.
    Eof { conn: String },
    /// The application on the server hears of something.
    App(Event),
}

/// What an application hears of.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) sid: Option<String>,
    pub(crate) message: Option<Value>,
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sid, message) = (self.sid.as_deref().unwrap_or("?"), self.message.as_ref());
        write!(formatter, "{} of {sid}", self.name)?;
        message.map_or(Ok(()), |message| write!(formatter, ": {message}"))
    }
}

impl Exchange {
    pub(crate) fn key(&self) -> (&str, &str, &str) {
        (&self.scenario, &self.transport, &self.version)
    }

    /// 0.3 and 0.4 speak JSON envelopes.
    pub(crate) fn is_json_dialect(&self) -> bool {
        ["0.3", "0.4"].iter().any(|old| self.version.starts_with(old))
    }

    /// One of the original clients in a browser, of which only the wire was recorded.
    pub(crate) fn is_of_a_browser(&self) -> bool {
        self.scenario.starts_with("real client")
    }

    /// The connections, in the order they are opened.
    pub(crate) fn connections(&self) -> Vec<String> {
        let mut connections: Vec<String> = Vec::new();
        for step in &self.steps {
            let conn = match &step.what {
                What::Send { conn, .. } | What::Expect { conn, .. } | What::Eof { conn } => conn,
                _ => continue,
            };
            if !connections.contains(conn) {
                connections.push(conn.clone());
            }
        }
        connections
    }

    /// Everything a connection carries from the server, up to and without the step `before`.
    pub(crate) fn expected(&self, conn: &str, before: usize) -> Vec<Unit> {
        let units = self.steps[..before].iter().filter_map(|step| match &step.what {
            What::Expect { conn: on, units } if on == conn => Some(units.clone()),
            _ => None,
        });
        units.flatten().collect()
    }

    /// What the application hears of, up to and without the step `before`.
    pub(crate) fn events(&self, before: usize) -> Vec<&Event> {
        let events = self.steps[..before].iter().filter_map(|step| match &step.what {
            What::App(event) => Some(event),
            _ => None,
        });
        events.collect()
    }
}

/// Reads the recordings of a generation.
pub(crate) fn load(generation: &'static Generation) -> Vec<Exchange> {
    let text = generation.recordings();
    let mut exchanges: Vec<Exchange> = Vec::new();
    let mut parsers: Vec<(String, Parser)> = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).expect("a line of JSON");
        if let Some(scenario) = line["scenario"].as_str() {
            parsers.clear();
            exchanges.push(Exchange {
                generation,
                scenario: scenario.to_owned(),
                transport: text_of(&line["transport"]),
                version: text_of(&line["version"]),
                options: line["server_options"].clone(),
                steps: Vec::new(),
                hears: true,
                policy_connections: line["policy_connections"].as_array().into_iter().flatten().map(text_of).collect(),
                sids: Vec::new(),
            });
            continue;
        }
        let exchange = exchanges.last_mut().expect("an exchange before its steps");
        for sid in line["sids"].as_array().into_iter().flatten().map(text_of) {
            if !exchange.sids.contains(&sid) {
                exchange.sids.push(sid);
            }
        }
        let lenient = ["0.3", "0.4", "0.5"].iter().any(|old| exchange.version.starts_with(old));
        let new_parser = || Parser::new(lenient, generation.explained);
        let what = step(&line, &mut parsers, new_parser);
        exchange.steps.push(Step { at: line["t_ms"].as_u64(), what });
    }
    for exchange in &mut exchanges {
        exchange.hears = !exchange.is_of_a_browser();
    }
    exchanges
}

fn step(line: &Value, parsers: &mut Vec<(String, Parser)>, new_parser: impl Fn() -> Parser) -> What {
    let conn = || text_of(&line["conn"]);
    match text_of(&line["dir"]).as_str() {
        "c2s" => {
            let (conn, bytes) = (conn(), bytes_of(line));
            let parser = parser_of(parsers, &conn, new_parser);
            parser.request(&bytes);
            What::Send { conn, bytes }
        }
        "s2c" => {
            let conn = conn();
            let omitted = line["body_omitted"].as_u64().is_some();
            let units = parser_of(parsers, &conn, new_parser).feed_recorded(&bytes_of(line), omitted);
            What::Expect { conn, units }
        }
        "c-fin" => What::Finish { conn: conn() },
        "hang-up" => What::HangUp,
        "s-fin" => What::Eof { conn: conn() },
        "app" => What::App(Event {
            name: match text_of(&line["app"]["ns"]) {
                namespace if namespace.is_empty() => text_of(&line["app"]["ev"]),
                namespace => format!("{} of {namespace}", text_of(&line["app"]["ev"])),
            },
            sid: line["app"]["sid"].as_str().map(str::to_owned),
            message: line["app"].get("m").cloned(),
        }),
        other => panic!("no such direction: {other}"),
    }
}

fn parser_of<'a>(
    parsers: &'a mut Vec<(String, Parser)>,
    conn: &str,
    new_parser: impl Fn() -> Parser,
) -> &'a mut Parser {
    let index = parsers.iter().position(|(on, _)| on == conn).unwrap_or_else(|| {
        parsers.push((conn.to_owned(), new_parser()));
        parsers.len() - 1
    });
    &mut parsers[index].1
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// `text` is UTF-8; in `bytes` every character stands for the byte of its number. A long frame ends in one byte many
/// times.
fn bytes_of(line: &Value) -> Vec<u8> {
    let mut bytes: Vec<u8> = match line["text"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => text_of(&line["bytes"]).chars().map(|character| u8::try_from(character).expect("a byte")).collect(),
    };
    let repeated = line["last_byte_repeated"].as_u64().unwrap_or_default();
    bytes.extend(bytes.last().copied().into_iter().cycle().take(usize::try_from(repeated).expect("a length")));
    bytes
}

//! Differences in the answers to requests.

use crate::{
    differences::Difference,
    recording::{Event, Exchange, Step, What},
    sids::replace,
    wire::{Parser, Unit},
};

const UNKNOWN_SESSION: &str = r#"HTTP/1.1 400 Bad Request
Content-Type: application/json
Content-Length: 41

{"code":1,"message":"Session ID unknown"}"#;

const BAD_REQUEST: &str = r#"HTTP/1.1 400 Bad Request
Content-Type: application/json
Content-Length: 34

{"code":3,"message":"Bad request"}"#;

const NOT_ALLOWED: &str = r#"HTTP/1.1 405 Method Not Allowed
Content-Type: text/plain
Allow: GET, POST, OPTIONS
Content-Length: 18

method not allowed"#;

const PREFLIGHT: &str = r#"HTTP/1.1 204 No Content
Access-Control-Allow-Origin: http://page.example
Access-Control-Allow-Credentials: true
Access-Control-Allow-Methods: GET, POST
Access-Control-Allow-Headers: content-type,x-user
Access-Control-Max-Age: 3600

"#;

const NOT_OURS: &str = "HTTP/1.1 404 Not Found\nContent-Length: 14\n\napp: not found";

fn to_a_socket(status: &str, message: &str) -> String {
    format!("HTTP/1.1 {status}\nContent-Type: text/html\nContent-Length: {}\n\n{message}", message.len())
}

pub(super) const BAD_BODIES_ARE_TOLD: Difference = Difference {
    reason: "a body that ends the session is answered 400 (§3.4)",
    apply: |exchange| {
        for conn in exchange.connections() {
            let answers = exchange.answers_on(&conn).len();
            exchange.answered(&conn, answers - 2, BAD_REQUEST);
            exchange.answered(&conn, answers - 1, UNKNOWN_SESSION);
        }
    },
};

pub(super) const GOOD_PACKETS_COUNT: Difference = Difference {
    reason: "packets before a bad one count (§3.4)",
    apply: |exchange| {
        let at = exchange
            .steps
            .iter()
            .rposition(|step| matches!(&step.what, What::Send { bytes, .. } if bytes.starts_with(b"POST")));
        let name = "message".to_owned();
        let event = Event { name, sid: exchange.sids.last().cloned(), message: Some("good".into()) };
        exchange.insert(at.unwrap_or_default(), What::App(event));
    },
};

pub(super) const OVERLAPS_ARE_TOLD: Difference = Difference {
    reason: "the second of two requests at once is told 400 (§3.4)",
    apply: |exchange| {
        let posts = exchange.scenario.contains("posts");
        if !posts {
            return exchange.answered("c2", 0, UNKNOWN_SESSION);
        }
        exchange.answered("c2", 0, BAD_REQUEST);
        // The first is answered when it is whole.
        exchange.retain(|step| !matches!(&step.what, What::Eof { conn } if conn == "c1"));
        let (conn, bytes) =
            ("c1".to_owned(), br#"2["message","slow"]"#[if exchange.is_four() { 3 } else { 0 }..].to_vec());
        let units = exchange.read(UNKNOWN_SESSION);
        let before_the_end = exchange.steps.len() - 2;
        exchange.insert(before_the_end, What::Expect { conn: conn.clone(), units });
        exchange.insert(before_the_end, What::Send { conn, bytes });
    },
};

pub(super) const METHODS_ARE_REFUSED: Difference = Difference {
    reason: "methods no transport has are answered 405 (§3.4)",
    apply: |exchange| {
        exchange.answered("c1", 1, NOT_ALLOWED);
        exchange.answered("c1", 2, NOT_ALLOWED);
    },
};

pub(super) const POLLING_HAS_NO_SOCKET: Difference = Difference {
    reason: "a WebSocket for polling is refused (§2.2)",
    apply: |exchange| refused_socket(exchange, "c1", "400 Bad Request", "Bad request"),
};

pub(super) const FORBIDDEN_IS_403: Difference = Difference {
    reason: "a WebSocket that is forbidden is answered 403 (§3.7)",
    apply: |exchange| refused_socket(exchange, "c1", "403 Forbidden", "Forbidden"),
};

pub(super) const SOCKETS_ARE_TOLD_IN_WORDS: Difference = Difference {
    reason: "a WebSocket is refused in words also where there are none (§3.7)",
    apply: |exchange| refused_socket(exchange, "c2", "400 Bad Request", "Transport unknown"),
};

fn refused_socket(exchange: &mut Exchange, conn: &str, status: &str, message: &str) {
    let asks = |what: &What| matches!(what, What::Send { conn: on, .. } if on == conn);
    let first = exchange.steps.iter().position(|step| asks(&step.what)).unwrap_or_default();
    let mut index = 0;
    exchange.retain(|step| {
        index += 1;
        index - 1 <= first || !step.is_on(conn)
    });
    exchange.insert(first, What::Eof { conn: conn.to_owned() });
    let units = exchange.read(&to_a_socket(status, message));
    exchange.insert(first, What::Expect { conn: conn.to_owned(), units });
}

pub(super) const BURSTS_ARE_CUT: Difference = Difference {
    reason: "a poll brings sixteen packets at most (§3.4)",
    apply: |exchange| {
        let four = exchange.is_four();
        let at = exchange.answers_on("c1").last().copied().unwrap_or_default();
        let What::Expect { units, .. } = &exchange.steps[at].what else { return };
        let (head, body): (Vec<Unit>, Vec<Unit>) =
            units.iter().cloned().partition(|unit| matches!(unit, Unit::Head(_)));
        let [Unit::Bytes(body), Unit::End] = &body[..] else { return };
        let seventeenth = if four { "\u{1e}42[\"message\",\"16\"]" } else { "18:42[\"message\",\"16\"]" };
        let body = String::from_utf8_lossy(body).into_owned();
        let cut = body.find(seventeenth).unwrap_or_default();
        let answer = |part: &str| [&head[..], &[Unit::Bytes(part.as_bytes().to_vec()), Unit::End]].concat();
        let (first, rest) = (answer(&body[..cut]), answer(body[cut..].trim_start_matches('\u{1e}')));
        let conn = || "c1".to_owned();
        let poll = exchange.request("c1").to_vec();
        exchange.steps[at].what = What::Expect { conn: conn(), units: first };
        exchange.insert(at, What::Expect { conn: conn(), units: rest });
        exchange.insert(at, What::Send { conn: conn(), bytes: poll });
    },
};

pub(super) const ENDS_ARE_TOLD_ALONE: Difference = Difference {
    reason: "the closing packet comes alone, without a noop (§3.6)",
    apply: |exchange| {
        let (both, alone) = if exchange.is_four() { ("6\u{1e}1", "1") } else { ("1:61:1", "1:1") };
        exchange.edit_bodies(|body| if body == both { alone.to_owned() } else { body.to_owned() });
    },
};

pub(super) const BROKEN_POLLS_COME_BACK: Difference = Difference {
    reason: "a poll that breaks off may be asked again (§3.4)",
    apply: |exchange| exchange.without_events(|event| event.name == "disconnect"),
};

pub(super) const REFUSED_BODIES_ARE_EXPLAINED: Difference = Difference {
    reason: "a body that is too large is told so in words (§3.4)",
    apply: |exchange| {
        exchange.edit_answers(|_, head| {
            if head.status == 413 {
                head.headers.push(("content-type".to_owned(), "text/plain".to_owned()));
            }
        });
    },
};

pub(super) const NO_ORIGIN_NO_WORD: Difference = Difference {
    reason: "without an origin nothing is said about origins (§8.3)",
    apply: |exchange| {
        exchange.edit_answers(|request, head| {
            if !request.contains("\r\nOrigin:") {
                head.headers.retain(|(name, _)| name != "access-control-allow-credentials" && name != "vary");
            }
        });
    },
};

pub(super) const PREFLIGHTS_ARE_ANSWERED: Difference = Difference {
    reason: "OPTIONS is answered for every address, with what a page may do (§8.3)",
    apply: |exchange| {
        exchange.answered("c1", 1, PREFLIGHT);
        exchange.answered("c1", 2, PREFLIGHT);
    },
};

pub(super) const ORIGINS_OF_SOCKETS: Difference = Difference {
    reason: "an accepted origin is repeated to a WebSocket as well (§8.3)",
    apply: |exchange| {
        exchange.edit_answers(|_, head| {
            if head.status == 101 {
                for (name, value) in [("origin", "http://page.example"), ("credentials", "true")] {
                    head.headers.push((format!("access-control-allow-{name}"), value.to_owned()));
                }
            }
        });
    },
};

pub(super) const SLASHES_MAY_MISS: Difference = Difference {
    reason: "the resource may go without its slash (§2.2)",
    apply: |exchange| opened_as_well(exchange, "c2"),
};

pub(super) const WHOLE_URLS_HAVE_PATHS: Difference = Difference {
    reason: "of a target that is a whole URL the path counts (§2.2)",
    apply: |exchange| opened_as_well(exchange, "c7"),
};

/// As the first address is answered, with an id of its own.
fn opened_as_well(exchange: &mut Exchange, conn: &str) {
    let (recorded, new) = (exchange.sids[0].clone(), conn.repeat(16));
    let at = exchange.answers_on("c1")[0];
    let What::Expect { units, .. } = exchange.steps[at].what.clone() else { return };
    let renamed = |unit: Unit| match unit {
        Unit::Bytes(bytes) => Unit::Bytes(replace(&bytes, recorded.as_bytes(), new.as_bytes())),
        other => other,
    };
    let units = units.into_iter().map(renamed).collect();
    let at = exchange.answers_on(conn)[0];
    exchange.steps[at].what = What::Expect { conn: conn.to_owned(), units };
    if exchange.version.starts_with('2') {
        exchange.new_session(conn, &new);
    } else {
        exchange.sids.push(new);
    }
}

pub(super) const OTHER_FILES_ARE_THE_APPLICATIONS: Difference = Difference {
    reason: "what belongs to no generation is the application's (§2.1)",
    apply: |exchange| {
        exchange.answered("c1", 0, NOT_OURS);
        exchange.answered("c2", 0, NOT_OURS);
    },
};

impl Exchange {
    /// The steps that bring an answer of HTTP on a connection.
    pub(super) fn answers_on(&self, conn: &str) -> Vec<usize> {
        let begins =
            |what: &What| matches!(what, What::Expect { units, .. } if matches!(units[..], [Unit::Head(_), ..]));
        let answers = |step: &Step| step.is_on(conn) && begins(&step.what);
        self.steps.iter().enumerate().filter(|(_, step)| answers(step)).map(|(at, _)| at).collect()
    }

    /// The `index`th answer on a connection is another.
    pub(super) fn answered(&mut self, conn: &str, index: usize, answer: &str) {
        let units = self.read(answer);
        let at = self.answers_on(conn)[index];
        self.steps[at].what = What::Expect { conn: conn.to_owned(), units };
    }

    fn read(&self, answer: &str) -> Vec<Unit> {
        let (head, body) = answer.split_once("\n\n").expect("a head");
        let answer = format!("{}\r\n\r\n{body}", head.replace('\n', "\r\n"));
        let mut parser = Parser::new(false, self.generation.explained);
        parser.request(b"GET ");
        parser.feed(answer.as_bytes())
    }
}

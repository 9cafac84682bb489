//! Differences in what messages are and when they arrive.

use serde_json::{Value, json};

use super::sockets::CLOSE;
use crate::{
    differences::Difference,
    recording::{Event, Step, What},
    wire::Unit,
};

pub(crate) const CONTENT_TYPES: Difference = Difference {
    reason: "polls name their charset and POST answers their type, as 0.6 did (§4.1)",
    apply: |exchange| {
        exchange.edit_answers(|request, head| {
            let ours = request.starts_with("GET ") || request.starts_with("POST ");
            if !ours || head.status != 200 {
                return;
            }
            match head.headers.iter_mut().find(|(name, _)| name == "content-type") {
                Some((_, value)) if value == "text/plain" && head.sized => value.push_str("; charset=UTF-8"),
                Some(_) => {}
                None => head.headers.push(("content-type".to_owned(), "text/plain".to_owned())),
            }
        });
    },
};

pub(crate) const BYTE_LENGTHS: Difference = Difference {
    reason: "the announced length counts bytes, not UTF-16 units, so nothing is cut (§4.1)",
    apply: |exchange| exchange.edit_answers(|_, head| head.short = false),
};

pub(crate) const OBJECTS: Difference = Difference {
    reason: "`~j~` is an object both ways, which 0.5 did not know (§1.1)",
    apply: |exchange| {
        exchange.edit_events(|event| {
            let text = event.message.as_ref().and_then(Value::as_str);
            if let Some(json) = text.and_then(|text| text.strip_prefix("~j~")) {
                event.message = serde_json::from_str(json).ok();
            }
        });
        exchange.replace_in_bodies("~m~15~m~[object Object]", r#"~m~10~m~~j~{"a":1}"#);
    },
};

pub(crate) const BAD_JSON_IS_AN_EMPTY_OBJECT: Difference = Difference {
    reason: "what is no JSON behind `~j~` is an empty object, as in 0.6.18 (§1.2)",
    apply: |exchange| {
        exchange.message_from("c2", json!({}));
        exchange.answer(
            "c3",
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: 12\r\n\r\n~m~5~m~~j~{}",
        );
    },
};

pub(crate) const LISTS_STAY_LISTS: Difference = Difference {
    reason: "a list is several messages, also when it had to wait (§1.1)",
    apply: |exchange| exchange.replace_in_bodies("~m~3~m~a,b", "~m~1~m~a~m~1~m~b"),
};

pub(crate) const HEARTBEAT_ENDS_NOTHING: Difference = Difference {
    reason: "messages behind a heartbeat in the same payload are delivered (§1.2)",
    apply: |exchange| {
        exchange.message_after(1, json!("m3"));
        exchange.replace_in_bodies("~m~2~m~m1", "~m~2~m~m1~m~2~m~m3");
    },
};

/// The digits of a length are digits, and both markers are there.
pub(crate) const STRICT_FRAMES: Difference = Difference {
    reason: "a frame without digits or without its second marker ends the payload instead of becoming a message (§1.2)",
    apply: |exchange| {
        let mut heard = 0;
        exchange.without_events(|event| {
            let message = event.name == "message";
            heard += usize::from(message);
            // `hel`, `hello` and `hello` were whole enough; an empty one, `5`, two empty ones and two `hello` were not.
            message && ![1, 2, 4].contains(&heard)
        });
    },
};

pub(crate) const LINE_BREAKS_SURVIVE: Difference = Difference {
    reason: "line breaks the form rewrote are undone, so the rest of the payload is not lost (§4.6)",
    apply: |exchange| {
        exchange.edit_events(|event| {
            if event.message == Some(json!("a\r\n")) {
                event.message = Some(json!("a\nb"));
            }
        });
        if exchange.scenario.starts_with("real client") {
            let frames = r"~m~3~m~a\nb~m~3~m~one~m~3~m~two~m~5~m~three";
            exchange.replace_in_bodies(r"~m~3~m~a\r\n", frames);
        } else {
            let events = exchange.events(exchange.steps.len()).len();
            exchange.message_after(events - 1, json!("x"));
        }
    },
};

pub(crate) const ASCII_LITERALS: Difference = Difference {
    reason: "script literals are ASCII and free of `<` (§4.2)",
    apply: |exchange| exchange.edit_bodies(ascii_literal),
};

pub(crate) const PRELUDE: Difference = Difference {
    reason: "the prelude is 256 bytes, as in 0.6 (§4.3)",
    apply: |exchange| exchange.edit_bodies(|body| if body.len() == 255 { format!("{body} ") } else { body.to_owned() }),
};

pub(crate) const ABORTS_ARE_NOTICED: Difference = Difference {
    reason: "an aborted poll starts the close timeout (§3)",
    apply: |exchange| {
        let sid = exchange.sids.first().cloned();
        exchange.push_event(Event { name: "disconnect".to_owned(), sid, message: None });
        if let Some(step) = exchange.steps.last_mut() {
            step.at = Some(383);
        }
    },
};

pub(crate) const OLDER_POLL_IS_ANSWERED: Difference = Difference {
    reason: "the older of two polls is answered empty at once, the newer by its own timer (§3)",
    apply: |exchange| {
        let Some(empty) = exchange.steps.iter().find_map(|step| empty_answer(step, "c3")) else { return };
        let newer = exchange.last_send("c3");
        exchange.insert(newer, What::Expect { conn: "c2".to_owned(), units: empty });
        let opened = exchange.steps[newer].at;
        if let Some(step) = exchange.steps.iter_mut().find(|step| empty_answer(step, "c3").is_some()) {
            step.at = opened.map(|at| at + 500);
        }
        // The older poll's answer comes without a wait, so the wait for the newer one is measured from the newer one on.
        if let Some(step) = exchange.steps.iter_mut().find(|step| empty_answer(step, "c2").is_some()) {
            step.at = opened;
        }
    },
};

pub(crate) const HEARTBEAT_TIMEOUT_CLOSES: Difference = Difference {
    reason: "a connection is closed when a heartbeat is not answered, a draft socket with its closing frame (§4.8)",
    apply: |exchange| {
        let conn = exchange.connections().first().cloned().unwrap_or_default();
        let units = if exchange.transport == "websocket" { vec![Unit::Bytes(CLOSE.to_vec())] } else { vec![Unit::End] };
        exchange.steps.push(Step { at: None, what: What::Expect { conn: conn.clone(), units } });
        exchange.closed_at_the_end(&conn);
    },
};

fn empty_answer(step: &Step, conn: &str) -> Option<Vec<Unit>> {
    match &step.what {
        What::Expect { conn: on, units } if on == conn => Some(units.clone()),
        _ => None,
    }
}

/// What stands between the quotes of the call, spelled in ASCII.
fn ascii_literal(body: &str) -> String {
    let quoted = body.find("._(\"").zip(body.rfind('"')).filter(|(start, end)| start + 4 <= *end);
    let Some((start, end)) = quoted else { return body.to_owned() };
    let (call, literal, rest) = (&body[..start + 4], &body[start + 4..end], &body[end..]);
    let mut ascii = call.to_owned();
    for character in literal.chars() {
        if character.is_ascii() && character != '<' {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                ascii.push_str(&format!("\\u{unit:04X}"));
            }
        }
    }
    ascii + rest
}

//! Differences in what packets mean.

use serde_json::{Value, json};

use super::frame;
use crate::{
    differences::Difference,
    recording::{Event, Exchange, What},
    wire::Unit,
};

const WELCOME: &str = r#"5::/chat:{"name":"welcome","args":["chat"]}"#;

pub(super) const EVENTS_ASK_FOR_DATA: Difference = Difference {
    reason: "an event's acknowledgement is always the client's to give, and counts once (§3.1, §4.6)",
    apply: |exchange| {
        let question = |header: &str| format!(r#"5:{header}::{{"name":"question","args":["x"]}}"#);
        exchange.change_frame(&question("2"), &question("2+"));
        let again = exchange.said("6:::2", 1);
        exchange.without_frame(again, r#"5:::{"name":"auto","args":[0]}"#);
    },
};

pub(super) const HANDSHAKE_IN_OUR_WORDS: Difference = Difference {
    reason: "the application knows the handshake's parts by other names (§8)",
    apply: |exchange| {
        for step in &mut exchange.steps {
            let What::Expect { units, .. } = &mut step.what else { continue };
            for unit in units {
                let Unit::Bytes(bytes) = unit else { continue };
                let lossy = String::from_utf8_lossy(bytes).into_owned();
                let Some((_, event)) = lossy.split_once("5:::").filter(|(_, event)| event.contains(r#""hs""#)) else {
                    continue;
                };
                let mut event: Value = serde_json::from_str(event).expect("an event");
                if let Some(parts) = event["args"][0].as_object_mut() {
                    for only_theirs in ["secure", "keys", "issued"] {
                        parts.remove(only_theirs);
                    }
                }
                // The name comes first, as in every event.
                let text = format!(r#"5:::{{"name":"hs","args":{}}}"#, event["args"]);
                *bytes = frame::unmasked(&text);
            }
        }
    },
};

/// `5::/chat` is handled while the client is in it, and only then.
pub(super) const NAMESPACES_ARE_ENTERED_ONCE: Difference = Difference {
    reason: "both spellings of a query are read, a namespace is entered once, and not heard before or after (§4.1)",
    apply: |exchange| {
        // The written specification's spelling enters; the other one finds the client there already.
        let early = exchange.said("1::/chat?my=param&b=2", 0);
        let usual = exchange.said("1::/chat:?my=param&b=2", 0);
        exchange.without_frame(usual, WELCOME);
        exchange.frame_after(early, WELCOME);
        exchange.frame_after(early, "1::/chat");
        let second = exchange.said("1::/chat", 0);
        exchange.without_frame(second, WELCOME);
        exchange.without_event("connection of /chat", 1);
        exchange.without_event("disconnect of /chat", 1);
        let left = exchange.said(r#"5::/chat:{"name":"echo","args":["after"]}"#, 0);
        for _ in 0..2 {
            exchange.without_frame(left, r#"5::/chat:{"name":"echo","args":["after"]}"#);
        }
        exchange.without_event("connection", 1);
        exchange.push_event(Event {
            name: "disconnect of /chat".to_owned(),
            sid: None,
            message: Some(json!("server disconnect")),
        });
    },
};

pub(super) const FAILURES_HAVE_NO_NUMBER: Difference = Difference {
    reason: "an authorization that failed is told without a reason (§4.7)",
    apply: |exchange| exchange.change_frame("7::/err:undefined", "7::/err:"),
};

pub(super) const BAD_JSON_IS_DROPPED: Difference = Difference {
    reason: "a message whose JSON is none does not reach the application (§4.4)",
    apply: |exchange| exchange.without_events(|event| event.message == Some(json!(false))),
};

pub(super) const SECOND_CONNECT_CHANGES_NOTHING: Difference = Difference {
    reason: "a second connect is answered, and no handler runs twice (§4.1)",
    apply: |exchange| {
        exchange.without_event("connection", 1);
        exchange.without_event("message+", 1);
        let after = exchange.said("3:1+::", 0);
        exchange.without_frame(after, r#"6:::1+["got",""]"#);
    },
};

impl Exchange {
    /// The application does not hear the `index`th event of that name.
    fn without_event(&mut self, name: &str, index: usize) {
        let mut seen = 0;
        self.without_events(|event| {
            let is = event.name == name;
            seen += usize::from(is);
            is && seen == index + 1
        });
    }
}

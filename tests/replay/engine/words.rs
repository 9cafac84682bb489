//! Differences in how things are said.

use super::payload::ascii;
use crate::{
    differences::Difference,
    recording::{Exchange, What},
    wire::Unit,
};

/// An empty closing frame, and one that says that nothing is wrong.
const CLOSE: (&[u8], &[u8]) = (b"\x88\0", b"\x88\x02\x03\xE8");

pub(super) const ANSWERS_OF_4: Difference = Difference {
    reason: "every client is told `maxPayload`, and only a page of an origin that it may read the answer (§3.1, §8.3)",
    apply: |exchange| {
        exchange.edit_packets(|packet| match packet.strip_suffix('}') {
            Some(open) if packet.starts_with("0{") => {
                let limit =
                    if open.contains("maxPayload") { String::new() } else { ",\"maxPayload\":1000000".to_owned() };
                format!("{open}{limit}}}")
            }
            _ => packet.to_owned(),
        });
        without_any_origin(exchange);
    },
};

fn without_any_origin(exchange: &mut Exchange) {
    let any = ("access-control-allow-origin".to_owned(), "*".to_owned());
    exchange.edit_answers(|_, head| head.headers.retain(|header| *header != any));
}

pub(super) const JSON_IS_ASCII: Difference = Difference {
    reason: "JSON for revision Three is ASCII (§6)",
    apply: |exchange| exchange.edit_packets(|packet| ascii(packet)),
};

pub(super) const SCRIPTS_ARE_SCRIPTS: Difference = Difference {
    reason: "a script says that it is one, and is ASCII without `<` (§5.4)",
    apply: |exchange| {
        exchange.edit_answers(|_, head| {
            for (name, value) in &mut head.headers {
                if name == "content-type" && value.starts_with("text/plain") {
                    *value = "text/javascript; charset=UTF-8".to_owned();
                }
            }
        });
        exchange.edit_packets(str::to_owned);
    },
};

/// Wherever the original's closing frame says nothing.
pub(super) fn say_why(exchange: &mut Exchange) {
    for step in &mut exchange.steps {
        if let What::Expect { units, .. } = &mut step.what {
            for unit in units {
                if *unit == Unit::Bytes(CLOSE.0.to_vec()) {
                    *unit = Unit::Bytes(CLOSE.1.to_vec());
                }
            }
        }
    }
}

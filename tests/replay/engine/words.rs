//! Differences in how things are said.

use super::payload::{ascii, masked};
use crate::{
    differences::Difference,
    recording::{Exchange, What},
    sids::replace,
    wire::Unit,
};

/// An empty closing frame, and one that says that nothing is wrong.
pub(super) const EMPTY_CLOSE: &[u8] = b"\x88\0";
pub(super) const CLOSE: &[u8] = b"\x88\x02\x03\xE8";

pub(super) const ANSWERS_OF_4: Difference = Difference {
    reason: "every client is told `maxPayload`, and only pages of accepted origins that they may read (§3.1, §8.3)",
    apply: |exchange| {
        let limit = exchange.options["maxHttpBufferSize"].as_u64().unwrap_or(1_000_000);
        exchange.edit_packets(|packet| match packet.strip_suffix('}') {
            Some(open) if packet.starts_with("0{") => format!("{open},\"maxPayload\":{limit}}}"),
            _ => packet.to_owned(),
        });
        exchange.without_header("access-control-allow-origin", "*");
    },
};

pub(super) const JSON_IS_ASCII: Difference =
    Difference { reason: "JSON for revision Three is ASCII (§6)", apply: |exchange| exchange.edit_packets(ascii) };

pub(super) const STRINGS_ONCE: Difference = Difference {
    reason: "what is encoded twice is read, and answered in ASCII (§6)",
    apply: |exchange| exchange.edit_packets(|packet| ascii(&encoded_once(packet))),
};

/// Characters as bytes as UTF-8.
fn encoded_once(text: &str) -> String {
    let bytes: Option<Vec<u8>> = text.chars().map(|character| u8::try_from(character).ok()).collect();
    bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| text.to_owned())
}

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

pub(super) const TEXT_FOR_NEWER_CLIENTS: Difference = Difference {
    reason: "payloads of texts are text, where the time is not that of an old client (§5.3)",
    apply: Exchange::as_text_payloads,
};

pub(super) const GOODBYES_HAVE_A_CODE: Difference = Difference {
    reason: "a closing frame says 1000 (§8.4)",
    apply: |exchange| exchange.change_frames(EMPTY_CLOSE, CLOSE),
};

pub(super) const ERRORS_ARE_OBJECTS: Difference = Difference {
    reason: "an unknown namespace is told as in S5 (§7.3)",
    apply: |exchange| {
        exchange.edit_packets(|packet| {
            packet.replace("44/random,\"Invalid namespace\"", "44/random,{\"message\":\"Invalid namespace\"}")
        });
    },
};

pub(super) const COMMAS_ARE_WRITTEN: Difference = Difference {
    reason: "a namespace always has its comma (§7.1)",
    apply: |exchange| {
        exchange.edit_packets(|packet| match packet {
            "40/chat" => "40/chat,".to_owned(),
            _ => packet.to_owned(),
        });
    },
};

pub(super) const IDS_COUNT_FROM_1: Difference = Difference {
    reason: "ids of acknowledgements count from 1 (§7.4)",
    apply: |exchange| {
        exchange.edit_packets(|packet| match packet.split_at_checked(3) {
            Some(("420", rest)) => format!("421{rest}"),
            Some(("421", rest)) => format!("422{rest}"),
            _ => packet.to_owned(),
        });
        for (from, to) in
            [("431[]", "432[]"), (r#"430["yes",2]"#, r#"431["yes",2]"#), (r#"430["again"]"#, r#"431["again"]"#)]
        {
            for step in &mut exchange.steps {
                if let What::Send { bytes, .. } = &mut step.what {
                    *bytes = replace(bytes, &masked(from), &masked(to));
                }
            }
        }
    },
};

pub(super) const COOKIES_ARE_LAX: Difference = Difference {
    reason: "the cookie of the session is `SameSite=Lax` (§8.2)",
    apply: |exchange| {
        exchange.edit_answers(|_, head| {
            for (name, value) in &mut head.headers {
                if name == "set-cookie" {
                    *value = value.replace("SameSite=Strict", "SameSite=Lax");
                }
            }
        });
    },
};

impl Exchange {
    pub(super) fn without_header(&mut self, name: &str, value: &str) {
        let header = (name.to_owned(), value.to_owned());
        self.edit_answers(|_, head| head.headers.retain(|other| *other != header));
    }

    /// Wherever this frame comes, it is another.
    pub(super) fn change_frames(&mut self, from: &[u8], to: &[u8]) {
        for step in &mut self.steps {
            if let What::Expect { units, .. } = &mut step.what {
                for unit in units {
                    if *unit == Unit::Bytes(from.to_vec()) {
                        *unit = Unit::Bytes(to.to_vec());
                    }
                }
            }
        }
    }
}

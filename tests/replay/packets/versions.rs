//! Differences of 0.7 and 0.8, whose clients take what 0.9 says.

use crate::{
    differences::Difference,
    edit::header,
    recording::{Event, Step, What},
    wire::Unit,
};

pub(super) const ANSWERS_OF_0_9: Difference = Difference {
    reason: "headers, timeouts and escapes are those of 0.9 (§11)",
    apply: |exchange| {
        exchange.replace_in_bodies(":15:25:", ":60:60:");
        exchange.edit_answers(|request, head| {
            if head.status == 101 {
                return;
            }
            head.headers.retain(|(name, _)| !name.starts_with("access-control-"));
            let mut set = |name: &str, value: &str| {
                head.headers.retain(|(other, _)| other != name);
                head.headers.push((name.to_owned(), value.to_owned()));
            };
            let origin = header(request, "Origin");
            if let Some(origin) = &origin {
                set("access-control-allow-origin", origin);
                set("access-control-allow-credentials", "true");
            }
            if request.starts_with("POST ") {
                set("content-type", "text/plain; charset=UTF-8");
                if origin.is_some() {
                    set("x-xss-protection", "0");
                }
            } else if request.starts_with("GET /socket.io/1/?") && !request.contains("jsonp=") {
                set("content-type", "text/plain");
            } else if request.contains("/htmlfile/") {
                set("content-type", "text/html; charset=UTF-8");
            }
        });
        exchange.edit_bodies(|body| body.replace("a/b", r"a\/b"));
    },
};

pub(super) const INDEX_IS_A_NUMBER: Difference = Difference {
    reason: "an index that is not digits is ignored, the answer is plain (§2.2)",
    apply: |exchange| {
        exchange.edit_answers(|request, head| {
            if request.contains("jsonp=alert(1)") {
                head.headers.retain(|(name, _)| name != "content-type");
                head.headers.push(("content-type".to_owned(), "text/plain".to_owned()));
            }
        });
        exchange.edit_bodies(|body| {
            let plain = body.strip_prefix(r#"io.j[alert(1)](""#).and_then(|body| body.strip_suffix(r#"");"#));
            plain.unwrap_or(body).to_owned()
        });
    },
};

pub(super) const LINE_BREAKS_ARE_TEXT: Difference = Difference {
    reason: "a packet may hold line breaks, as in 0.8 and 0.9 (§3)",
    apply: |exchange| {
        let connected = exchange.steps.iter().rposition(|step| matches!(step.what, What::App(_))).unwrap_or_default();
        let event = Event { name: "message".to_owned(), sid: None, message: Some("a\nb".into()) };
        exchange.insert(connected, What::App(event));
    },
};

pub(super) const GOODBYE_IS_ANSWERED: Difference = Difference {
    reason: "a goodbye by URL is answered and ends the session, also between two polls (§7.5)",
    apply: |exchange| {
        exchange.answer("c10", super::EMPTY);
        exchange.leaves_after("c10");
    },
};

/// 0.7 knew the drafts only.
pub(super) const RFC_6455_IS_SPOKEN: Difference = Difference {
    reason: "RFC 6455 is spoken, as in 0.8 and 0.9 (§7.1)",
    apply: |exchange| {
        exchange.silence("c2");
        exchange.answer("c2", super::sockets::ACCEPTED);
        exchange.steps.push(Step {
            at: None,
            what: What::Expect { conn: "c2".to_owned(), units: vec![Unit::Bytes(super::frame::unmasked("1::"))] },
        });
    },
};

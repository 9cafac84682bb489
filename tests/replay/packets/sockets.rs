//! Differences of websocket and flashsocket.

use super::frame::{CLOSE, unmasked};
use crate::{
    differences::Difference,
    recording::{Exchange, What},
    wire::Unit,
};

pub(super) const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\n\
    Upgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    \r\n";

pub(super) const GOODBYES_ARE_SAID: Difference = Difference {
    reason: "the closing frame is sent and answered (§7.1)",
    apply: |exchange| {
        for conn in exchange.connections() {
            if exchange.is_socket(&conn) {
                exchange.last_words(&conn, if exchange.is_draft(&conn) { b"\xFF\x00" } else { CLOSE });
            }
        }
    },
};

pub(super) const PINGS_ARE_ANSWERED: Difference = Difference {
    reason: "a ping is answered with a pong (§12)",
    apply: |exchange| {
        for step in &mut exchange.steps {
            if let What::Expect { units, .. } = &mut step.what {
                if *units == [Unit::Bytes(b"\xC2\x8A\0".to_vec())] {
                    *units = vec![Unit::Bytes(b"\x8A\0".to_vec())];
                }
            }
        }
    },
};

pub(super) const LENGTHS_ARE_RIGHT: Difference = Difference {
    reason: "65,536 bytes are framed as so many (§12)",
    apply: |exchange| {
        let at = exchange.said(r#"5:::{"name":"big","args":[65532]}"#, 0);
        exchange.steps.truncate(at + 1);
        let text = format!("3:::{}", "x".repeat(65532));
        exchange.frame_after(at, &text);
    },
};

pub(super) const EACH_MESSAGE_IS_MEASURED: Difference = Difference {
    reason: "the size limit is that of one message, and the thirteenth is heard (§8)",
    apply: |exchange| {
        exchange.retain(|step| !matches!(step.what, What::Eof { .. }));
        exchange.without_frame(0, "0::");
        exchange.message_from("c2", "0123456789".into());
    },
};

pub(super) const REFUSALS_ARE_TOLD: Difference = Difference {
    reason: "an upgrade from an origin that is not accepted is answered 403 (§2.3)",
    apply: |exchange| {
        exchange.answer(
            "c2",
            b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nunauthorized",
        );
    },
};

pub(super) const UPGRADE_IS_REQUIRED: Difference = Difference {
    reason: "a socket's URL is answered 426 without an upgrade, 405 with another method (§1)",
    apply: |exchange| {
        exchange.answer("c2", b"HTTP/1.1 426 Upgrade Required\r\nContent-Type: text/plain\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n");
        exchange.answer("c3", b"HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nAllow: GET, OPTIONS\r\nContent-Length: 0\r\n\r\n");
    },
};

pub(super) const UNKNOWN_DRAFTS_ARE_TOLD: Difference = Difference {
    reason: "a version nobody speaks is answered 426, with those that are (§7.1)",
    apply: |exchange| {
        exchange.answer(
            "c2",
            b"HTTP/1.1 426 Upgrade Required\r\nContent-Type: text/plain\r\nSec-WebSocket-Version: 13, 8, 7\r\nContent-Length: 0\r\n\r\n",
        );
    },
};

pub(super) const NO_SOCKET_WITHOUT_AN_ID: Difference = Difference {
    reason: "a socket without an id is told so, one outside the resource is the application's (§1)",
    apply: |exchange| {
        let accepted = exchange.steps.iter().position(|step| matches!(step.what, What::Expect { .. }));
        exchange.expect_after(accepted.unwrap_or_default(), "c1", &[&unmasked("7:::1+0"), CLOSE].concat());
        exchange.closed_at_the_end("c1");
        exchange.answer("c2", super::APPLICATION);
    },
};

impl Exchange {
    fn is_socket(&self, conn: &str) -> bool {
        let sends = self.steps.iter().filter_map(|step| match &step.what {
            What::Send { conn: on, bytes } if on == conn => Some(bytes),
            _ => None,
        });
        sends.take(1).any(|bytes| String::from_utf8_lossy(bytes).to_ascii_lowercase().contains("upgrade: websocket"))
    }

    fn is_draft(&self, conn: &str) -> bool {
        let heads = self.steps.iter().filter(|step| match &step.what {
            What::Send { conn: on, bytes } if on == conn => {
                String::from_utf8_lossy(bytes).contains("Upgrade: WebSocket")
            }
            _ => false,
        });
        heads.count() > 0
    }
}

//! Differences of websocket and flashsocket.

use serde_json::json;

use crate::{
    differences::Difference,
    recording::{Event, Exchange, Step, What},
};

pub(crate) const CLOSE: &[u8] = b"\xFF\x00";

/// The head of draft 76 for the recorded request; 16 bytes of proof follow it.
const HEAD_76: &str = "HTTP/1.1 101 WebSocket Protocol Handshake\r\n\
    Upgrade: WebSocket\r\n\
    Connection: Upgrade\r\n\
    Sec-WebSocket-Origin: http://chat.example:8080\r\n\
    Sec-WebSocket-Location: ws://chat.example:8080/socket.io/websocket\r\n\
    \r\n";

/// The proof for the recorded keys and nonce.
const PROOF: &str = "8jKS'y:G*Co,Wxa-";

pub(crate) const ONE_DRAFT_AT_A_TIME: Difference = Difference {
    reason: "the head is draft 76's alone (§4.5)",
    apply: |exchange| {
        exchange.edit_raw(|bytes| {
            let Some(head_end) = find(bytes, b"\r\n\r\n").filter(|_| bytes.starts_with(b"HTTP/")) else { return };
            let text = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
            let lines: Vec<&str> = text.split("\r\n").filter(|line| !line.starts_with("WebSocket-")).collect();
            let head = lines.join("\r\n").replace("101 Web Socket Protocol", "101 WebSocket Protocol");
            *bytes = [head.as_bytes(), &bytes[head_end..]].concat();
        });
    },
};

pub(crate) const NONCE_IS_AWAITED: Difference = Difference {
    reason: "the proof and what follows wait for the whole nonce, the head does not (§4.5)",
    apply: |exchange| {
        let sid = exchange.sids.first().cloned().unwrap_or_default();
        exchange.silence("c1");
        exchange.insert(0, expect(HEAD_76.as_bytes()));
        let connected = |step: &Step| matches!(&step.what, What::App(event) if event.name == "connection");
        exchange.retain(|step| !connected(step));
        let after = exchange.last_send("c1");
        exchange
            .insert(after, What::App(Event { name: "connection".to_owned(), sid: Some(sid.clone()), message: None }));
        exchange.insert(after, expect(&[PROOF.as_bytes(), &announcement(&sid)].concat()));
    },
};

pub(crate) const EARLY_FRAME_COUNTS: Difference = Difference {
    reason: "a frame that arrives with the nonce is read, and the proof is right (§4.5)",
    apply: |exchange| {
        let sid = exchange.sids.first().cloned().unwrap_or_default();
        exchange.silence("c1");
        let early = [HEAD_76.as_bytes(), PROOF.as_bytes(), &announcement(&sid), b"\0~m~5~m~early\xFF"].concat();
        exchange.message_after(0, json!("early"));
        exchange.insert(0, expect(&early));
    },
};

pub(crate) const BAD_KEYS_ARE_REFUSED: Difference = Difference {
    reason: "a key that cannot be divided by its blanks is refused with 400 (§4.5)",
    apply: |exchange| {
        exchange.answer("c1", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        exchange.retain(|step| step.what != What::HangUp);
        exchange.forget_unannounced_sessions();
    },
};

pub(crate) const REPLACEMENT_CHARACTER_IS_TEXT: Difference = Difference {
    reason: "U+FFFD is text: frames end at a byte, and the session goes on (§4.5)",
    apply: |exchange| exchange.without_events(|event| event.name == "disconnect"),
};

pub(crate) const CLOSE_IS_ANSWERED: Difference = Difference {
    reason: "the closing frame is returned, the connection closed, and the application told (§4.5)",
    apply: |exchange| {
        exchange.retain(|step| !matches!(step.what, What::Eof { .. }));
        exchange.expect_at_the_end("c1", CLOSE);
        exchange.closed_at_the_end("c1");
        let disconnect = |step: &Step| matches!(&step.what, What::App(event) if event.name == "disconnect");
        if !exchange.steps.iter().any(disconnect) {
            let sid = exchange.sids.first().cloned();
            exchange.push_event(Event { name: "disconnect".to_owned(), sid, message: None });
        }
    },
};

pub(crate) const BAD_FRAMES_CLOSE: Difference = Difference {
    reason: "what is no frame is answered with the closing frame, and the connection is closed at once (§4.5)",
    apply: |exchange| {
        exchange.retain(|step| step.what != What::HangUp);
        for step in &mut exchange.steps {
            if matches!(step.what, What::App(_)) {
                step.at = None;
            }
        }
        exchange.expect_at_the_end("c1", CLOSE);
        exchange.closed_at_the_end("c1");
    },
};

pub(crate) const MISSING_ORIGIN_IS_NULL: Difference = Difference {
    reason: "a request without `Origin` is accepted and told `null` (§4.5, §5.1)",
    apply: |exchange| {
        exchange.replace_in_bodies("Origin: undefined", "Origin: null");
        if exchange.version == "0.4.1" {
            exchange.without_events(|event| event.name == "CRASH");
            exchange.silence("c1");
            let head = HEAD_76
                .replace("WebSocket Protocol", "Web Socket Protocol")
                .replace("Sec-", "")
                .replace("http://chat.example:8080\r\nW", "null\r\nW");
            let first = [head.as_bytes(), b"\0", exchange.announcement_of(NEW_SID).as_bytes(), b"\xFF"].concat();
            exchange.new_session("c1", NEW_SID);
            exchange.insert(0, expect(&first));
            exchange.hang_up();
        }
    },
};

pub(crate) const RFC_6455_IS_SPOKEN: Difference = Difference {
    reason: "RFC 6455 is spoken on the same URL, and messages are echoed (§4.5)",
    apply: |exchange| {
        exchange.without_events(|_| true);
        exchange.silence("c1");
        let head = "HTTP/1.1 101 Switching Protocols\r\n\
            Upgrade: websocket\r\n\
            Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
            \r\n";
        let first = unmasked_frame(&exchange.announcement_of(NEW_SID));
        exchange.answer("c1", &[head.as_bytes(), &first].concat());
        exchange.new_session("c1", NEW_SID);
        let (sent, echoed) = exchange.payloads_of("hello");
        exchange.send_at_the_end("c1", &masked_frame(&sent));
        exchange.text_at_the_end("hello");
        exchange.expect_at_the_end("c1", &unmasked_frame(&echoed));
        exchange.hang_up();
    },
};

pub(crate) const UPGRADE_IS_REQUIRED: Difference = Difference {
    reason: "a websocket URL without an upgrade is answered 426 (§2)",
    apply: |exchange| {
        exchange.without_events(|_| true);
        exchange.answer("c1", b"HTTP/1.1 426 Upgrade Required\r\nContent-Type: text/plain\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n");
    },
};

/// The id of a session the recording does not have. It is as long as Heirloom's, so that the lengths around it are the same.
pub(crate) const NEW_SID: &str = "00000000000000000000000000000000";

/// A short text frame of RFC 6455, as servers send it.
fn unmasked_frame(text: &str) -> Vec<u8> {
    [&[0x81, text.len() as u8], text.as_bytes()].concat()
}

/// The same as clients send it.
fn masked_frame(text: &str) -> Vec<u8> {
    let mask = *b"mask";
    let masked = text.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask);
    [0x81, 0x80 | text.len() as u8].into_iter().chain(mask).chain(masked).collect()
}

fn expect(bytes: &[u8]) -> What {
    let units = vec![crate::wire::Unit::Bytes(bytes.to_vec())];
    What::Expect { conn: "c1".to_owned(), units }
}

fn announcement(sid: &str) -> Vec<u8> {
    [b"\0", format!("~m~{}~m~{sid}", sid.len()).as_bytes(), b"\xFF"].concat()
}

fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

impl Exchange {
    /// Changes every piece of what is not HTTP.
    fn edit_raw(&mut self, mut edit: impl FnMut(&mut Vec<u8>)) {
        for step in &mut self.steps {
            let What::Expect { units, .. } = &mut step.what else { continue };
            for unit in units {
                if let crate::wire::Unit::Bytes(bytes) = unit {
                    edit(bytes);
                }
            }
        }
    }
}

//! EventSource framing: one payload an event, always on a single `data:` line.
//!
//! EventSource turns every kind of line break into LF, which would break the lengths of the frames dialect. So its payloads travel as
//! string literals, and the envelopes of the JSON dialect without the line breaks they may have between tokens.

use super::script;

pub(crate) const CONTENT_TYPE: &str = "text/event-stream";

/// A comment: it gets the response head through to the client.
pub(crate) const PRELUDE: &str = ":\n\n";

/// Appends an event whose data is `payload` as a JSON string.
pub(crate) fn literal_event(payload: &str, out: &mut Vec<u8>) {
    event(out, |out| script::encode_literal(payload, out));
}

/// Appends an event whose data is the JSON text itself.
pub(crate) fn object_event(json: &str, out: &mut Vec<u8>) {
    event(out, |out| script::encode_json_ascii(json, out));
}

fn event(out: &mut Vec<u8>, data: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"data: ");
    data(out);
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The data of the events a browser would dispatch.
    fn dispatched(stream: &str) -> Vec<String> {
        let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
        let mut events = Vec::new();
        let mut data: Vec<&str> = Vec::new();
        for line in stream.split('\n') {
            if let Some(value) = line.strip_prefix("data:") {
                data.push(value.strip_prefix(' ').unwrap_or(value));
            } else if line.is_empty() && !data.is_empty() {
                events.push(data.join("\n"));
                data.clear();
            }
        }
        events
    }

    fn stream(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = PRELUDE.as_bytes().to_vec();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_payload_is_one_line_of_data() {
        let stream = stream(|out| literal_event("~m~3~m~a\nb", out));
        assert_eq!(stream, ":\n\ndata: \"~m~3~m~a\\nb\"\n\n");
    }

    #[test]
    fn an_envelope_is_one_line_of_data() {
        let stream = stream(|out| object_event("{\"messages\":[{\r\n\"a\":\n\"é\"}]}", out));
        assert_eq!(stream, ":\n\ndata: {\"messages\":[{  \"a\": \"\\u00E9\"}]}\n\n");
    }

    proptest! {
        #[test]
        fn every_payload_survives_event_source(payloads in proptest::collection::vec("(\r|\n|: |data|.){0,12}", 0..5)) {
            let stream = stream(|out| payloads.iter().for_each(|payload| literal_event(payload, out)));
            let received: Vec<String> =
                dispatched(&stream).iter().map(|data| serde_json::from_str(data).unwrap()).collect();
            prop_assert_eq!(received, payloads);
        }
    }
}

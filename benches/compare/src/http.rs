//! As much of HTTP as the servers' answers need.

use std::borrow::Cow;

pub struct Answer<'a> {
    pub status: u16,
    pub body: Cow<'a, [u8]>,
    /// The connection is not used again.
    pub last: bool,
    /// How many bytes of the input it took.
    pub length: usize,
}

/// The answer `input` begins with, if it is there whole.
pub fn read(input: &[u8]) -> Result<Option<Answer<'_>>, String> {
    let mut headers = [httparse::EMPTY_HEADER; 32];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(start) = head.parse(input).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let status = head.code.unwrap_or(0);
    let mut length = 0;
    let (mut chunked, mut last) = (false, head.version == Some(0));
    for header in head.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            let value = std::str::from_utf8(header.value).unwrap_or("");
            length = value.trim().parse().map_err(|_| format!("content-length: {value}"))?;
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = header.value.eq_ignore_ascii_case(b"chunked");
        } else if header.name.eq_ignore_ascii_case("connection") {
            last |= header.value.eq_ignore_ascii_case(b"close");
        }
    }
    let rest = input.get(start..).unwrap_or(&[]);
    if chunked {
        let Some((body, taken)) = read_chunks(rest)? else { return Ok(None) };
        return Ok(Some(Answer { status, body: Cow::Owned(body), last, length: start + taken }));
    }
    let Some(body) = rest.get(..length) else { return Ok(None) };
    Ok(Some(Answer { status, body: Cow::Borrowed(body), last, length: start + length }))
}

fn read_chunks(input: &[u8]) -> Result<Option<(Vec<u8>, usize)>, String> {
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let rest = input.get(at..).unwrap_or(&[]);
        let size = httparse::parse_chunk_size(rest).map_err(|_| "a chunk without a size")?;
        let httparse::Status::Complete((line, size)) = size else { return Ok(None) };
        let size = usize::try_from(size).map_err(|error| error.to_string())?;
        let Some(chunk) = rest.get(line..line + size + 2) else { return Ok(None) };
        body.extend_from_slice(chunk.get(..size).unwrap_or(&[]));
        at += line + size + 2;
        if size == 0 {
            return Ok(Some((body, at)));
        }
    }
}

pub fn get(out: &mut Vec<u8>, path: &str) {
    out.extend_from_slice(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").as_bytes());
}

pub fn post(out: &mut Vec<u8>, path: &str, content_type: &str, body: &str) {
    let head = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\n");
    out.extend_from_slice(head.as_bytes());
    out.extend_from_slice(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
}

/// The key is that of RFC 6455's example: nobody here caches handshakes.
pub fn upgrade(out: &mut Vec<u8>, path: &str) {
    out.extend_from_slice(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n").as_bytes());
    out.extend_from_slice(b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n");
    out.extend_from_slice(b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
}

/// Draft 75: no key, but an origin.
pub fn upgrade_draft(out: &mut Vec<u8>, path: &str) {
    out.extend_from_slice(format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n").as_bytes());
    out.extend_from_slice(b"Connection: Upgrade\r\nUpgrade: WebSocket\r\nOrigin: http://127.0.0.1\r\n\r\n");
}

/// A value of a form.
pub fn form_value(text: &str) -> String {
    let mut value = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'~' | b'-' | b'_' | b'.' => value.push(char::from(byte)),
            b' ' => value.push('+'),
            _ => value.push_str(&format!("%{byte:02X}")),
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_when_it_is_whole() {
        let input = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP";
        assert!(read(&input[..42]).unwrap().is_none());
        let answer = read(input).unwrap().unwrap();
        assert_eq!((answer.status, &*answer.body, answer.last, answer.length), (200, &b"hello"[..], false, 43));
    }

    #[test]
    fn chunks_are_joined() {
        let input = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
        assert!(read(&input[..input.len() - 1]).unwrap().is_none());
        let answer = read(input).unwrap().unwrap();
        assert_eq!((&*answer.body, answer.length), (&b"hello"[..], input.len()));
    }
}

//! The first look at a connection, before the HTTP server gets it: a Flash policy request is no HTTP, and a
//! handshake of the drafts hixie-75 and hixie-76 has to be answered to the letter.

use super::{
    cors::Entrance,
    name::Transport,
    route::{Mount, says_goodbye},
};
use crate::wire::flash_policy;
use bytes::{Bytes, BytesMut};
use http::{Request, header, request::Parts};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

const MAX_HEADERS: usize = 64;
/// Room for most heads. What is read here is the connection's first buffer.
const USUAL_HEAD: usize = 1024;

/// How a connection begins.
#[derive(Debug)]
pub(crate) enum Opening {
    /// With anything else: these bytes and then the rest are for the HTTP server.
    Http(Bytes),
    /// With the request for a Flash policy.
    FlashPolicy,
    /// With a draft WebSocket handshake; these bytes followed its head.
    Hixie(Box<Parts>, Bytes),
}

/// Reads no more than is needed to tell. A head that is longer than it may be is left to the HTTP server, which refuses it.
pub(crate) async fn sniff(
    stream: &mut (impl AsyncRead + Unpin),
    mount: &Mount,
    transports: &[Transport],
    max_head_bytes: usize,
) -> io::Result<Opening> {
    let mut buffer = BytesMut::with_capacity(USUAL_HEAD.min(max_head_bytes));
    loop {
        let known = buffer.len();
        if stream.read_buf(&mut buffer).await? == 0 {
            return Ok(Opening::Http(buffer.freeze()));
        }
        match look(&buffer, known, mount, transports) {
            Look::More if buffer.len() < max_head_bytes => {}
            Look::Hixie(_, length) if length > max_head_bytes => return Ok(Opening::Http(buffer.freeze())),
            Look::More | Look::Http => return Ok(Opening::Http(buffer.freeze())),
            Look::FlashPolicy => return Ok(Opening::FlashPolicy),
            Look::Hixie(parts, length) => {
                let rest = buffer.split_off(length);
                return Ok(Opening::Hixie(parts, rest.freeze()));
            }
        }
    }
}

#[derive(Debug)]
enum Look {
    More,
    Http,
    FlashPolicy,
    Hixie(Box<Parts>, usize),
}

/// `known` is how many of the bytes were looked at before.
fn look(bytes: &[u8], known: usize, mount: &Mount, transports: &[Transport]) -> Look {
    if flash_policy::REQUEST.starts_with(bytes) || bytes.starts_with(flash_policy::REQUEST) {
        return if bytes.len() < flash_policy::REQUEST.len() { Look::More } else { Look::FlashPolicy };
    }
    if !may_be_socket(bytes, mount) {
        return Look::Http;
    }
    // Parsed once, however many pieces it comes in.
    if !ends(bytes, known) {
        return Look::More;
    }
    if is_versioned(bytes) {
        return Look::Http;
    }
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut head = httparse::Request::new(&mut headers);
    match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => match hixie_request(&head, mount, transports) {
            Some(parts) => Look::Hixie(Box::new(parts), length),
            None => Look::Http,
        },
        Ok(httparse::Status::Partial) | Err(_) => Look::Http,
    }
}

/// Whether the empty line behind a head is there, some of which may be among the bytes that were known.
fn ends(bytes: &[u8], known: usize) -> bool {
    if bytes.ends_with(b"\r\n\r\n") {
        return true;
    }
    let news = bytes.get(known.saturating_sub(2)..).unwrap_or(bytes);
    let mut lines = news.split(|byte| *byte == b'\n');
    // The first may have begun before, and the last is not at its end.
    (_, _) = (lines.next(), lines.next_back());
    lines.any(|line| matches!(line, b"" | b"\r"))
}

/// Whether a head is that of a later draft, as almost every one is. Most clients name it behind what all requests have.
fn is_versioned(head: &[u8]) -> bool {
    head.rsplit(|byte| *byte == b'\n').any(|line| {
        [&b"sec-websocket-key:"[..], b"sec-websocket-version:"]
            .iter()
            .any(|name| line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
    })
}

/// Whether the bytes are, or may become, a GET of a socket under the mount. Tells for almost every other request
/// from its first few bytes.
fn may_be_socket(bytes: &[u8], mount: &Mount) -> bool {
    let agrees = |bytes: &[u8], wanted: &[u8]| {
        let length = bytes.len().min(wanted.len());
        bytes.get(..length) == wanted.get(..length)
    };
    if !agrees(bytes, b"GET ") {
        return false;
    }
    let target = bytes.get(4..).unwrap_or(&[]);
    mount.prefixes().any(|prefix| {
        let rest = target.get(prefix.len()..).unwrap_or(&[]);
        let sockets = [&b"/websocket"[..], b"/flashsocket", b"/1/websocket", b"/1/flashsocket"];
        agrees(target, prefix.as_bytes()) && sockets.iter().any(|path| agrees(rest, path))
    })
}

/// The request, when it is a handshake of a draft that is older than the versioned ones.
fn hixie_request(head: &httparse::Request<'_, '_>, mount: &Mount, transports: &[Transport]) -> Option<Parts> {
    let mut request = Request::builder().method(head.method?).uri(head.path?);
    for field in head.headers.iter() {
        request = request.header(field.name, field.value);
    }
    let (parts, ()) = request.body(()).ok()?.into_parts();
    let headers = &parts.headers;
    let upgrade = headers.get(header::UPGRADE)?.as_bytes();
    if !upgrade.eq_ignore_ascii_case(b"websocket") {
        return None;
    }
    let entrance = mount.route(parts.uri.path(), None)?.socket()?;
    let is_goodbye = matches!(entrance, Entrance::Packets(_)) && says_goodbye(parts.uri.query());
    (!is_goodbye && transports.contains(&entrance.transport()?)).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGEST_HEAD: usize = 8 << 10;
    const HIXIE_75: &str =
        "GET /socket.io/websocket HTTP/1.1\r\nHost: a\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n";

    fn mount() -> Mount {
        Mount::new(&[("socket.io".to_owned(), crate::listener::Dialect::Frames)])
    }

    async fn sniffed(bytes: &str, piece: usize) -> Opening {
        let mut reader = tokio_test_reader(bytes.as_bytes(), piece);
        sniff(&mut reader, &mount(), &Transport::ALL, LARGEST_HEAD).await.unwrap()
    }

    /// Hands out the bytes in pieces.
    fn tokio_test_reader(bytes: &[u8], piece: usize) -> impl AsyncRead + Unpin {
        use tokio::io::{BufReader, duplex};
        let (mut write, read) = duplex(piece.max(1));
        let bytes = bytes.to_vec();
        tokio::spawn(async move {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut write, &bytes).await;
        });
        BufReader::with_capacity(piece.max(1), read)
    }

    #[tokio::test]
    async fn ordinary_requests_are_told_by_their_first_bytes() {
        for text in
            ["POST / HTTP/1.1\r\n", "GET / HTTP", "GET /socket.io/xhr-polling//1 HTTP/1.1\r\n", "PRI * HTTP/2.0"]
        {
            for piece in [1, 3, 1000] {
                let Opening::Http(prefix) = sniffed(text, piece).await else { panic!("{text}") };
                assert!(text.as_bytes().starts_with(&prefix), "nothing read is lost");
            }
        }
    }

    #[tokio::test]
    async fn a_draft_handshake_is_told_however_it_is_cut() {
        for piece in 1..HIXIE_75.len() {
            let Opening::Hixie(parts, rest) = sniffed(HIXIE_75, piece).await else { panic!("{piece}") };
            assert_eq!((parts.uri.path(), rest.len()), ("/socket.io/websocket", 0));
        }
        let with_nonce = format!("{HIXIE_75}^n:ds[4U");
        let Opening::Hixie(_, rest) = sniffed(&with_nonce, 1000).await else { panic!() };
        assert_eq!(rest, "^n:ds[4U");
    }

    #[tokio::test]
    async fn a_modern_handshake_and_a_plain_get_are_http() {
        let modern = HIXIE_75.replace("Host: a", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x");
        let plain = HIXIE_75.replace("Upgrade: WebSocket\r\n", "");
        for text in [modern, plain] {
            assert!(matches!(sniffed(&text, 7).await, Opening::Http(_)));
        }
    }

    #[tokio::test]
    async fn a_policy_request_is_told_however_it_is_cut() {
        let request = std::str::from_utf8(flash_policy::REQUEST).unwrap();
        for piece in 1..=request.len() {
            assert!(matches!(sniffed(request, piece).await, Opening::FlashPolicy));
        }
        assert!(matches!(sniffed("<policy-file", 5).await, Opening::Http(_)), "an end in the middle is an end");
    }

    #[tokio::test]
    async fn a_draft_handshake_for_a_transport_that_is_switched_off_is_http() {
        let mut bytes = HIXIE_75.as_bytes();
        let opening = sniff(&mut bytes, &mount(), &[Transport::XhrPolling], LARGEST_HEAD).await.unwrap();
        assert!(matches!(opening, Opening::Http(prefix) if prefix == HIXIE_75));
    }

    #[tokio::test]
    async fn a_draft_handshake_may_be_as_long_as_any_head() {
        let with_cookie = |length: usize| {
            let start = HIXIE_75.strip_suffix("\r\n").unwrap();
            format!("{start}Cookie: {}\r\n\r\n", "a".repeat(length - HIXIE_75.len() - "Cookie: \r\n".len()))
        };
        for piece in [1, 2, 3, 1000, 20_000] {
            let opening = sniffed(&with_cookie(LARGEST_HEAD), piece).await;
            assert!(matches!(opening, Opening::Hixie(..)), "{piece}");
            let opening = sniffed(&with_cookie(LARGEST_HEAD + 1), piece).await;
            assert!(matches!(opening, Opening::Http(prefix) if prefix.len() >= LARGEST_HEAD), "{piece}");
        }
    }

    #[tokio::test]
    async fn lines_may_end_without_a_carriage_return() {
        let text = HIXIE_75.replace("\r\n", "\n");
        for piece in 1..text.len() {
            assert!(matches!(sniffed(&text, piece).await, Opening::Hixie(..)), "{piece}");
        }
    }

    #[tokio::test]
    async fn an_endless_head_is_left_to_the_server() {
        for piece in [1, 1000] {
            let text = format!("GET /socket.io/websocket HTTP/1.1\r\nX: {}", "a".repeat(10_000));
            let Opening::Http(prefix) = sniffed(&text, piece).await else { panic!() };
            assert!(prefix.len() >= LARGEST_HEAD && text.as_bytes().starts_with(&prefix));
        }
    }
}

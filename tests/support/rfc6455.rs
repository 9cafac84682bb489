//! RFC 6455 frames as bytes, for what no well-behaved client sends.

use super::{Connection, Server, request};

pub(crate) const UPGRADE: [&str; 4] = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

/// The request that asks for a websocket.
pub(crate) fn handshake(path: &str) -> String {
    request("GET", path, &UPGRADE, "")
}

/// A connection that has been upgraded.
pub(crate) async fn open(server: &Server, path: &str) -> Connection {
    let mut connection = server.ask(handshake(path)).await;
    let head = connection.head().await;
    assert_eq!(head.status, 101, "{head:?}");
    assert_eq!(head.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    connection
}

/// A session, and its id.
pub(crate) async fn session(server: &Server) -> (Connection, String) {
    let mut connection = open(server, "/socket.io/websocket").await;
    let (opcode, payload) = read(&mut connection).await;
    assert_eq!(opcode, TEXT);
    let id = super::messages(std::str::from_utf8(&payload).unwrap()).remove(0);
    (connection, id)
}

/// A frame as a client sends it.
pub(crate) fn masked(opcode: u8, is_final: bool, payload: &[u8]) -> Vec<u8> {
    let mut frame = header(opcode, is_final, payload.len() as u64);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The header of a masked frame that announces this length.
pub(crate) fn header(opcode: u8, is_final: bool, length: u64) -> Vec<u8> {
    let mut header = vec![opcode | if is_final { FINAL } else { 0 }];
    match length {
        0..126 => header.push(MASKED | length as u8),
        126..0x1_0000 => {
            header.push(MASKED | 126);
            header.extend((length as u16).to_be_bytes());
        }
        _ => {
            header.push(MASKED | 127);
            header.extend(length.to_be_bytes());
        }
    }
    header.extend(MASK);
    header
}

pub(crate) fn text(payload: &str) -> Vec<u8> {
    masked(TEXT, true, payload.as_bytes())
}

/// The next frame of the server: opcode and payload.
pub(crate) async fn read(connection: &mut Connection) -> (u8, Vec<u8>) {
    let start = connection.exactly(2).await;
    assert_eq!(start[0] & FINAL, FINAL, "the server sends whole messages");
    let length = match start[1] {
        126 => u64::from(u16::from_be_bytes(connection.exactly(2).await.try_into().unwrap())),
        127 => u64::from_be_bytes(connection.exactly(8).await.try_into().unwrap()),
        length => u64::from(length),
    };
    (start[0] & 0x0f, connection.exactly(usize::try_from(length).unwrap()).await)
}

/// The code of the close frame that comes next.
pub(crate) async fn close_code(connection: &mut Connection) -> u16 {
    let (opcode, payload) = read(connection).await;
    assert_eq!(opcode, CLOSE, "{payload:?}");
    u16::from_be_bytes(payload[..2].try_into().unwrap())
}

//! Heads of requests: too many headers, too long ones, and those that the originals could not parse in time.

use crate::{
    scene::Scene,
    support::{
        Answer, Connection, Mounting,
        engine::{Four, Three, path as engine_path},
        request,
        rfc6455::{self, TEXT, UPGRADE},
    },
};
use heirloom::{Listener, Transport};

/// What begins a websocket, one of each generation.
fn sockets() -> [String; 3] {
    [
        "/socket.io/websocket".to_owned(),
        engine_path("socket.io", Three, Transport::WebSocket, ""),
        engine_path("socket.io", Four, Transport::WebSocket, ""),
    ]
}

fn asking(path: &str, headers: &[String]) -> String {
    let headers: Vec<&str> = UPGRADE.into_iter().chain(headers.iter().map(String::as_str)).collect();
    request("GET", path, &headers, "")
}

/// The answer, if one came before the end.
async fn answered(mut connection: Connection) -> Option<Answer> {
    let head = connection.rest().await;
    if head.is_empty() {
        return None;
    }
    let mut fields = [httparse::EMPTY_HEADER; 32];
    let mut response = httparse::Response::new(&mut fields);
    response.parse(&head).unwrap();
    Some(Answer { status: response.code.unwrap(), headers: http::HeaderMap::new(), body: Vec::new() })
}

/// The socket is open, and nothing was agreed upon that was offered.
async fn opens(scene: &Scene, path: &str, header: String) {
    let what = format!("{path} {header:.60}");
    let mut socket = scene.server.ask(asking(path, &[header])).await;
    let head = socket.head().await;
    assert_eq!(head.status, 101, "{what}");
    assert_eq!(head.header("sec-websocket-extensions"), "", "{what}");
    assert_eq!(head.header("sec-websocket-protocol"), "", "{what}");
    assert_eq!(rfc6455::read(&mut socket).await.0, TEXT, "{what}: the session has begun");
}

#[tokio::test]
async fn cve_2024_37890_thousands_of_headers_are_refused() {
    const LETTERS: &[u8] = b"!#$%&'*+-.0123456789abcdefghijklmnopqrstuvwxyz^_`|~";
    let name = |number: usize| {
        let [first, second] = [LETTERS[number / LETTERS.len()], LETTERS[number % LETTERS.len()]];
        format!("{}{}: x", char::from(first), char::from(second))
    };
    for mounting in Mounting::BOTH {
        let scene = Scene::of(mounting, Listener::builder()).await;
        for path in sockets().iter().map(String::as_str).chain(["/", "/socket.io/1/?t=1", "/socket.io/websocket"]) {
            for count in [101, 2000] {
                // With the four of the handshake in front, behind, and without them.
                let many: Vec<String> = (0..count).map(name).collect();
                let lines: Vec<&str> = many.iter().map(String::as_str).collect();
                let behind: Vec<&str> = lines.iter().copied().chain(UPGRADE).collect();
                for bytes in [asking(path, &many), request("GET", path, &behind, ""), request("GET", path, &lines, "")]
                {
                    let answer = answered(scene.server.ask(bytes).await).await;
                    let status = answer.map(|answer| answer.status);
                    assert!(status.is_none_or(|status| status == 431), "{mounting:?} {path} {count}: {status:?}");
                }
            }
        }
        assert_eq!(scene.strangers(), 0);
        scene.ends_well().await;
    }
}

#[tokio::test]
async fn cve_2021_32640_subprotocols_with_thousands_of_blanks_are_none() {
    let scene = Scene::with(Listener::builder().max_head_bytes(64 << 10)).await;
    for path in sockets() {
        for length in [1, 1000, 32_000] {
            let blanks = " ".repeat(length);
            opens(&scene, &path, format!("Sec-WebSocket-Protocol: b{blanks}x")).await;
            opens(&scene, &path, format!("Sec-WebSocket-Protocol: b{}x", " ,".repeat(length / 2))).await;
            opens(&scene, &path, format!("Cookie: b{blanks}x;{blanks}=")).await;
        }
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2020_7662_extensions_with_a_quote_that_does_not_end_are_none() {
    let scene = Scene::with(Listener::builder().max_head_bytes(64 << 10)).await;
    for path in sockets() {
        for repeated in ["\\c", "\\\\", ";a", ",a", "\\\"", "; b=\"\\"] {
            let value = repeated.repeat(32_000 / repeated.len());
            opens(&scene, &path, format!("Sec-WebSocket-Extensions: a; b=\"{value}")).await;
        }
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn ghsa_5v72_xg48_5rpm_extensions_named_as_what_objects_inherit_are_none() {
    let scene = Scene::with(Listener::builder().max_head_bytes(64 << 10)).await;
    for path in sockets() {
        for value in ["constructor", ",;constructor", "__proto__; toString=1", "a; constructor; __proto__", ";,;,=", ""]
        {
            opens(&scene, &path, format!("Sec-WebSocket-Extensions: {value}")).await;
            let headers =
                ["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: test"];
            let extensions = format!("Sec-WebSocket-Extensions: {value}");
            let headers: Vec<&str> = headers.into_iter().chain([extensions.as_str()]).collect();
            let mut socket = scene.server.ask(request("GET", &path, &headers, "")).await;
            assert_eq!(socket.head().await.status, 101, "{path} {value}");
        }
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2023_43669_a_head_without_an_end_is_given_up_when_it_is_too_long() {
    const LIMIT: usize = 16 << 10;
    let scene = Scene::with(Listener::builder().max_head_bytes(LIMIT)).await;
    for path in sockets() {
        let start = asking(&path, &[]);
        let start = start.strip_suffix("\r\n").unwrap();
        for (what, piece) in [
            ("one header", "aaaaaaaaaaaaaaaa"),
            ("blanks", "                "),
            ("small headers", "a: b\r\n"),
            ("no header", "aaaaaaaaaaaa\r\n"),
        ] {
            let mut connection = scene.server.ask(format!("{start}X: ")).await;
            // All of it is there, and no byte more will come: it is not waited for.
            let length = LIMIT + 4096 - start.len();
            let rest = piece.repeat(length / piece.len());
            for part in rest.as_bytes().chunks(700) {
                if connection.try_send(part).await.is_err() {
                    break;
                }
                tokio::task::yield_now().await;
            }
            let answer = answered(connection).await;
            let status = answer.map(|answer| answer.status);
            assert!(matches!(status, None | Some(400 | 431)), "{path} {what}: {status:?}");
        }
        // The same in the first line.
        let connection = scene.server.ask(format!("GET {path}&{}", "a".repeat(LIMIT + 4096))).await;
        let status = answered(connection).await.map(|answer| answer.status);
        assert!(matches!(status, None | Some(414 | 431)), "{path} first line: {status:?}");
    }
    assert_eq!(scene.strangers(), 0);
    scene.ends_well().await;
}

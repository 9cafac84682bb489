//! Differences in who may connect.

use crate::{differences::Difference, edit::header, recording::Exchange};

const ALLOW_ORIGIN: &str = "access-control-allow-origin";
const ALLOW_CREDENTIALS: &str = "access-control-allow-credentials";

const FORBIDDEN: &[u8] = b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n";
const UNAUTHORIZED: &[u8] =
    b"HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nunauthorized";

pub(crate) const ORIGIN_IS_ECHOED: Difference = Difference {
    reason: "every answer to an accepted origin names that origin, and caches are told (§5.2)",
    apply: |exchange| {
        exchange.edit_answers(|request, head| {
            let Some(origin) = header(request, "Origin").filter(|_| head.status != 101) else { return };
            head.headers.retain(|(name, _)| name != ALLOW_ORIGIN && name != ALLOW_CREDENTIALS);
            head.headers.push((ALLOW_ORIGIN.to_owned(), origin));
            head.headers.push(("vary".to_owned(), "Origin".to_owned()));
            if header(request, "Cookie").is_some() || request.contains("/xhr-multipart/") {
                head.headers.push((ALLOW_CREDENTIALS.to_owned(), "true".to_owned()));
            }
        });
    },
};

pub(crate) const REFUSED_ORIGINS_GET_NOTHING: Difference = Difference {
    reason: "an origin that is not accepted gets 403, a POST 401, on every transport, and no session (§5.2)",
    apply: |exchange| {
        for conn in exchange.connections() {
            if exchange.request_header(&conn, "Origin").is_some_and(|origin| origin.contains("evil.example")) {
                refuse(exchange, &conn);
            }
        }
    },
};

pub(crate) const PORTS_ARE_COMPARED: Difference = Difference {
    reason: "host and port of an entry are compared apart; what matches none gets 403 (§5.1)",
    apply: |exchange| {
        for conn in exchange.connections() {
            let Some(origin) = exchange.request_header(&conn, "Origin") else { continue };
            if origin.contains("xgood") {
                refuse(exchange, &conn);
            } else {
                exchange.edit_answers(|request, head| {
                    if header(request, "Origin").as_ref() == Some(&origin) && head.header(ALLOW_ORIGIN).is_none() {
                        head.headers.push((ALLOW_ORIGIN.to_owned(), origin.clone()));
                    }
                });
            }
        }
    },
};

pub(crate) const ENTRIES_ARE_WHOLE: Difference = Difference {
    reason: "a single entry is no pattern to search in: `good.example` is not `notgood.example` (§5.1)",
    apply: |exchange| refuse(exchange, "c1"),
};

pub(crate) const PREFLIGHTS_ARE_ANSWERED: Difference = Difference {
    reason: "OPTIONS is answered, with all that a page may do, and makes no session (§5.3)",
    apply: |exchange| {
        for conn in exchange.connections_with("OPTIONS ") {
            let of = |name: &str| exchange.request_header(&conn, name);
            let Some(origin) = of("Origin") else { continue };
            let headers =
                of("Access-Control-Request-Headers").map(|names| format!("Access-Control-Allow-Headers: {names}\r\n"));
            let credentials =
                if exchange.transport == "xhr-multipart" { "Access-Control-Allow-Credentials: true\r\n" } else { "" };
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nAllow: GET, POST, OPTIONS\r\n\
                 Access-Control-Allow-Origin: {origin}\r\n{credentials}Access-Control-Allow-Methods: {}\r\n{}Content-Length: 2\r\n\r\nok",
                of("Access-Control-Request-Method").unwrap_or_default(),
                headers.unwrap_or_default(),
            );
            exchange.answer(&conn, answer.as_bytes());
        }
    },
};

/// The connection is refused, and the application does not hear of a session that nobody was told of.
fn refuse(exchange: &mut Exchange, conn: &str) {
    let post = exchange.request(conn).starts_with(b"POST ");
    exchange.answer(conn, if post { UNAUTHORIZED } else { FORBIDDEN });
    exchange.forget_unannounced_sessions();
}

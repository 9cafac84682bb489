//! A hyper server that was there before, and the one line that makes it realtime.

use heirloom::Listener;
use http_body_util::Full;
use hyper::{Request, Response, body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, env, error::Error};
use tokio::net::TcpListener;

/// The pages the server always had.
async fn pages(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = match request.uri().path() {
        "/" => "<script src=/socket.io/socket.io.js></script>\
                <script>var s = new io.Socket(); s.on('message', function (m) { document.body.append(m) }); \
                s.connect(); s.send('hello')</script><body>"
            .to_owned(),
        path => format!("this is {path}"),
    };
    let mut response = Response::new(Full::from(text));
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("text/html"));
    Ok(response)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = Listener::builder().build()?;
    listener.on_message(|client, message| async move {
        // A client that is gone, or too slow, misses the answer.
        let _ = client.send(message);
    });

    let port = env::var("PORT").ok().map(|port| port.parse()).transpose()?.unwrap_or(3000);
    let socket = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", socket.local_addr()?);
    loop {
        let (stream, _) = socket.accept().await?;
        let service = listener.wrap(service_fn(pages)); // <- the line
        tokio::spawn(async move {
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
            if let Err(error) = connection.await {
                eprintln!("{error}");
            }
        });
    }
}

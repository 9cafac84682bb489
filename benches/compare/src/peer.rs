//! What the Rust peers have in common: PORT and THREADS (0: everything on one thread) come from the environment.

use std::{env, error::Error, future::Future, time::Duration};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

/// Runs `serve` on the runtime the environment asks for.
pub fn run<F>(serve: impl FnOnce(TcpListener) -> F + Send + 'static) -> Result<(), Box<dyn Error>>
where
    F: Future<Output = ()> + Send + 'static,
{
    let port: u16 = env::var("PORT")?.parse()?;
    let mut builder = match env::var("THREADS").map_or(Ok(0), |threads| threads.parse())? {
        0 => Builder::new_current_thread(),
        threads => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(threads);
            builder
        }
    };
    builder.enable_all().build()?.block_on(async move {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        tokio::spawn(serve(listener)).await?;
        Ok(())
    })
}

pub async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // A stream that cannot do it is about to fail anyway.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            Err(error) => {
                eprintln!("accept: {error}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

//! Ending a connection so that the last bytes arrive.

use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How long the peer may take to notice.
const PATIENCE: Duration = Duration::from_secs(2);
const READ_SIZE: usize = 1024;

/// Ends our side and reads what the peer still sends. Closing with its bytes unread would reset the connection, and
/// the reset overtakes what was written.
pub(crate) async fn close_gently<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let close = async {
        stream.shutdown().await?;
        // Not in the future itself: every connection would carry it from its beginning.
        let mut space = vec![0; READ_SIZE];
        while stream.read(&mut space).await? > 0 {}
        Ok::<_, std::io::Error>(())
    };
    // A peer that breaks the connection, or does not end its side, is left alone.
    let _ = tokio::time::timeout(PATIENCE, close).await;
}

//! Waiting to learn what became of a poll's answer, before another connection carries its session on.

use crate::client::Member;
use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};
use tokio::time::{Instant, timeout};

/// How long it may take.
const SETTLING: Duration = Duration::from_secs(1);
/// How long between two looks.
const ASKING: Duration = Duration::from_millis(20);

/// Waits until the last answer has arrived or is lost. What is still under way after that will not arrive: its client
/// would not ask for more.
pub(crate) async fn settle(member: &Arc<Member>) {
    let is_settled = poll_fn(|context| Poll::Ready(member.poll_settled(context).is_ready()));
    if !is_settled.await {
        // Rare, and as large as its timers.
        Box::pin(wait(member)).await;
    }
}

async fn wait(member: &Arc<Member>) {
    let deadline = Instant::now() + SETTLING;
    while Instant::now() < deadline {
        // An acknowledgement wakes nobody, so it is asked for now and then.
        let settled = poll_fn(|context| member.poll_settled(context));
        if timeout(ASKING, settled).await.is_ok() {
            return;
        }
    }
}

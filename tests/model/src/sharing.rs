//! Sessions that share what all may have together.

use crate::{
    house::{Received, assert_it_ends, attach, open_within, send, take},
    session::{Allowance, DisconnectReason, Entry, Limits, Mode, OnFull, Taken},
};
use loom::{future::block_on, thread};
use std::sync::Arc;

/// One whose client reads and one whose client never does, and a sender for each.
pub(crate) fn two_sessions_share_an_allowance() {
    const ENTRY: usize = size_of::<Entry>();
    const TOTAL: usize = 7 * ENTRY;
    let allowance = Arc::new(Allowance::new(Limits { bytes: 1000, messages: 100 }, OnFull::DropNewest, TOTAL));
    let [read, unread] = [(); 2].map(|()| open_within(&allowance));
    let stream = attach(&read, Mode::Stream).expect("the session is new");
    let senders = [&read, &unread].map(|session| {
        let session = Arc::clone(session);
        thread::spawn(move || send(&session, 1, 2))
    });
    let mut received = Received::default();
    let Taken::Batch(batch) = block_on(take(&read, stream)) else { panic!("the opening waits") };
    received.add(&batch);
    assert!(read.written(stream));
    let [of_read, of_unread] = senders.map(|sender| sender.join().expect("no panic"));
    assert!(of_read > 0, "who reads has room, whatever others leave unread");
    // Who asks takes in a second step: each of the two may exceed it by a message.
    assert!(allowance.used() <= TOTAL + 2 * (ENTRY + 2));
    read.detach(stream, DisconnectReason::TransportClosed);
    assert_it_ends(&read, usize::from(of_read) - received.len());
    assert_it_ends(&unread, of_unread.into());
    assert_eq!(allowance.used(), 0, "what was held is given back, once");
}

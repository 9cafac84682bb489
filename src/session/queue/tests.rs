use super::*;
use crate::session::{allowance::Limits, on_full::OnFull, tally::Tally};
use bytes::Bytes;

mod room;

fn queue(bytes: usize, messages: usize) -> Queue {
    Queue::new(Arc::new(Limits { bytes, messages }.into()))
}

fn push(queue: &mut Queue, messages: &[Element]) -> Result<(), SendError> {
    queue.push_messages(messages, &Manner::PLAIN, false, &mut None)
}

fn message(text: &'static str) -> Element {
    Element::Message(Bytes::from_static(text.as_bytes()))
}

#[test]
fn a_queue_refuses_what_exceeds_either_bound() {
    let mut queue = queue(10, 2);
    assert_eq!(push(&mut queue, &[message("12345678901")]), Err(SendError::Full));
    assert_eq!(push(&mut queue, &[message("1")]), Ok(()));
    assert_eq!(push(&mut queue, &[message("2"), message("3")]), Err(SendError::Full));
    assert_eq!(push(&mut queue, &[message("2")]), Ok(()));
    assert_eq!(push(&mut queue, &[message("3")]), Err(SendError::Full));
    assert_eq!(queue.held(), (2, 2), "a refused message leaves nothing behind");
}

#[test]
fn what_is_under_way_still_counts_until_it_arrived() {
    let mut queue = queue(100, 1);
    push(&mut queue, &[message("1")]).unwrap();
    let batch = queue.take(1);
    assert_eq!(push(&mut queue, &[message("2")]), Err(SendError::Full));
    queue.release(batch.sum());
    assert_eq!(push(&mut queue, &[message("2")]), Ok(()));
}

#[test]
fn what_comes_back_goes_first_and_in_order() {
    let mut queue = queue(100, 100);
    push(&mut queue, &[message("1"), message("2")]).unwrap();
    let batch = queue.take(2);
    push(&mut queue, &[message("3")]).unwrap();
    queue.put_back(batch);
    let again: Vec<_> = queue.take(9).0.into_iter().map(|entry| entry.element).collect();
    assert_eq!(again, ["1", "2", "3"].map(message));
}

#[test]
fn attachments_count_as_bytes_of_their_message() {
    let attachment = || Element::Attachment(Bytes::from_static(b"12345"));
    let mut queue = queue(11, 1);
    assert_eq!(push(&mut queue, &[message("1"), attachment(), attachment()]), Ok(()));
    assert_eq!(queue.held(), (11, 1));
    assert_eq!(push(&mut queue, &[attachment()]), Err(SendError::Full));
}

#[test]
fn heartbeats_are_known_wherever_they_are() {
    let mut queue = queue(100, 100);
    queue.push(Element::Heartbeat(1));
    push(&mut queue, &[message("1")]).unwrap();
    assert!(queue.has_heartbeat());
    let batch = queue.take(1);
    assert!(!queue.has_heartbeat());
    queue.put_back(batch);
    assert!(queue.has_heartbeat());
    queue.drop_heartbeats();
    assert!(!queue.has_heartbeat());
    assert_eq!(queue.len(), 1);
}

#[test]
fn payloads_are_runs_of_joined_entries() {
    let mut queue = queue(100, 100);
    queue.push(Element::Opening);
    push(&mut queue, &[message("1")]).unwrap();
    push(&mut queue, &[message("2"), message("3")]).unwrap();
    let batch = queue.take(4);
    assert_eq!(batch.payloads().map(<[Entry]>::len).collect::<Vec<_>>(), [1, 1, 2]);
    assert_eq!(batch.sum().messages, 3);
    assert_eq!(Batch::default().payloads().count(), 0);
}

#[test]
fn what_is_remembered_of_a_message_needs_no_more_memory() {
    assert_eq!(size_of::<Entry>(), size_of::<(Element, bool)>());
}

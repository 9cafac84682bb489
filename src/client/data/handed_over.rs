//! [`Data`] handed over whole: serde's traits pass nothing but plain values, and would have every attachment copied.

use super::Data;
use std::cell::Cell;

#[derive(Default)]
enum Hand {
    #[default]
    Closed,
    Open,
    Holding(Data),
}

thread_local! {
    static HAND: Cell<Hand> = const { Cell::new(Hand::Closed) };
}

/// Runs `serialize`, which asks a value for the data it is, and returns them if it has [answered](answer).
pub(super) fn ask<R>(serialize: impl FnOnce() -> R) -> Option<Data> {
    HAND.set(Hand::Open);
    serialize();
    take()
}

/// Hands `data` over if somebody asks.
pub(super) fn answer(data: &Data) -> bool {
    let asked = matches!(HAND.take(), Hand::Open);
    if asked {
        HAND.set(Hand::Holding(data.clone()));
    }
    asked
}

/// Runs `visit`, which finds `data` to [`take`].
pub(in crate::client) fn offer<R>(data: Data, visit: impl FnOnce() -> R) -> R {
    HAND.set(Hand::Holding(data));
    let result = visit();
    HAND.set(Hand::Closed);
    result
}

/// What is offered.
pub(super) fn take() -> Option<Data> {
    match HAND.take() {
        Hand::Holding(data) => Some(data),
        Hand::Closed | Hand::Open => None,
    }
}

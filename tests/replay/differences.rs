//! Where Heirloom means to differ from an original: a reason, and what is expected instead.
//!
//! A difference rewrites the recorded exchange. It asserts: what it leaves must match as recorded, and what it writes
//! must match as well.

use std::fmt;

use crate::recording::Exchange;

#[derive(Clone, Copy)]
pub(crate) struct Difference {
    pub(crate) reason: &'static str,
    pub(crate) apply: fn(&mut Exchange),
}

impl fmt::Debug for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.reason)
    }
}

/// One or more exchanges of the table that differ alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) scenario: &'static str,
    pub(crate) transport: &'static str,
    pub(crate) versions: &'static [&'static str],
    pub(crate) differences: &'static [Difference],
}

pub(crate) const SAME: &[Difference] = &[];

pub(crate) const fn row(
    scenario: &'static str,
    transport: &'static str,
    versions: &'static [&'static str],
    differences: &'static [Difference],
) -> Row {
    Row { scenario, transport, versions, differences }
}

/// The recording as it is expected of Heirloom.
pub(crate) fn expectation(recorded: &Exchange, row: &Row) -> Exchange {
    let mut exchange = recorded.clone();
    for difference in row.differences {
        let before = exchange.clone();
        (difference.apply)(&mut exchange);
        assert!(exchange != before, "{:?} differs in nothing: {}", recorded.key(), difference.reason);
    }
    exchange
}

//! What fuzzing wants of the query.

use super::query::{Carrier, Query};

/// Reads a query and everything in it.
pub(in crate::transport) fn read_query(query: Option<&str>) {
    let query = Query::of(query);
    for carrier in [Carrier::Polling, Carrier::WebSocket] {
        if let Ok(revision) = query.revision(carrier) {
            assert!(query.is_of(revision), "a session goes on as it began");
        }
        query.may_be_javascript(carrier, true);
    }
    assert!(!query.is_engine() || query.carrier().is_ok() || query != Query::default());
    query.is_early();
    query.says_two();
    let is_index = |index: &String| (1..=10).contains(&index.len()) && index.bytes().all(|byte| byte.is_ascii_digit());
    assert!(query.index.as_ref().is_none_or(is_index), "only digits come into a script");
    assert!(query.sid.as_ref().is_none_or(|sid| !sid.is_empty()));
}

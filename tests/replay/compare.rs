//! Whether what has happened so far is what was expected.

use std::collections::BTreeMap;

use crate::{
    connection::Connection,
    journal::Journal,
    recording::{Event, Exchange, What},
    sids::Sids,
    wire::{Atom, Unit, atoms, show},
};

/// Whether everything before the step `before` has happened. An error if something happened that is nowhere expected.
pub(crate) fn compare(
    exchange: &Exchange,
    before: usize,
    connections: &BTreeMap<String, Connection>,
    sids: &mut Sids<'_>,
    journal: &Journal,
) -> Result<bool, String> {
    for (conn, connection) in connections {
        let all = exchange.expected(conn, exchange.steps.len());
        let (agrees, count) = connection.with_atoms(|actual| {
            sids.learn(&all, actual);
            (agrees(&sids.in_units(&all), actual, connection.finished), actual.len())
        });
        if !agrees {
            return Err(format!("unexpected bytes\n{}", describe(exchange, connections, sids, journal)));
        }
        let so_far = atoms(&sids.in_units(&exchange.expected(conn, before))).len();
        let closed =
            exchange.steps[..before].iter().any(|step| matches!(&step.what, What::Eof { conn: on } if on == conn));
        if count < so_far || (closed && !connection.is_closed()) {
            return Ok(false);
        }
    }
    if !exchange.hears {
        return Ok(true);
    }
    let actual = journal.events.lock().expect("the journal");
    let all = sids.in_events(&exchange.events(exchange.steps.len()));
    if actual.len() > all.len() || actual.iter().zip(&all).any(|(actual, expected)| !same(expected, actual)) {
        drop(actual);
        return Err(format!("unexpected events\n{}", describe(exchange, connections, sids, journal)));
    }
    Ok(actual.len() >= exchange.events(before).len())
}

/// What was expected and what happened, for people to read; not what went as expected.
pub(crate) fn describe(
    exchange: &Exchange,
    connections: &BTreeMap<String, Connection>,
    sids: &Sids<'_>,
    journal: &Journal,
) -> String {
    let mut text = String::new();
    for (conn, connection) in connections {
        let expected = sids.in_units(&exchange.expected(conn, exchange.steps.len()));
        let (as_expected, actual) = connection.with_atoms(|actual| {
            let whole = actual.len() == atoms(&expected).len();
            (whole && agrees(&expected, actual, false), show(actual))
        });
        let eof = exchange.steps.iter().any(|step| matches!(&step.what, What::Eof { conn: on } if on == conn));
        if as_expected && (connection.is_closed() || !eof) {
            continue;
        }
        let expected = atoms(&expected);
        let closed = if connection.is_closed() { " [closed]" } else { "" };
        text += &format!("{conn} expected {}\n{conn} got {actual}{closed}\n", show(&expected));
    }
    for event in sids.in_events(&exchange.events(exchange.steps.len())) {
        text += &format!("expected {event}\n");
    }
    for event in journal.events.lock().expect("the journal").iter() {
        text += &format!("got {event}\n");
    }
    text
}

/// Whether `actual` is what is expected, as far as it goes. What comes after the client closed does not count.
fn agrees(expected: &[Unit], actual: &[Atom], finished: bool) -> bool {
    let expected = atoms(expected);
    let none_too_many = actual.len() <= expected.len() || finished;
    none_too_many && expected.iter().zip(actual).all(|(expected, actual)| expected.admits(actual))
}

/// The id of a session that no answer announced, or not yet, is not compared.
fn same(expected: &Event, actual: &Event) -> bool {
    let sid = expected.sid.is_none() || expected.sid == actual.sid;
    sid && expected.name == actual.name && expected.message == actual.message
}

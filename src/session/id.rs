//! Session ids: the only credential a client of the old generations has.

use data_encoding::HEXLOWER;
use std::{cell::RefCell, fmt, mem::take, str};

/// How many bytes a thread asks the system for at a time: as many as it gives in one piece.
const SUPPLY: usize = 256;

/// 128 bits from the system's random generator, written as 32 lower-case hexadecimal digits: safe in a path, a
/// frame, a JSON string and a cookie.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct SessionId(u128);

impl SessionId {
    /// The length of the written form, in bytes.
    pub(crate) const LENGTH: usize = 32;

    /// A new id, or nothing when the system has no randomness to give.
    pub(crate) fn random() -> Option<Self> {
        SUPPLIES.with_borrow_mut(|supply| supply.next()).map(Self)
    }

    /// Reads the written form; anything that [`fmt::Display`] would not have written is no id of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != Self::LENGTH {
            return None;
        }
        let mut bytes = [0; Self::LENGTH / 2];
        HEXLOWER.decode_mut(text.as_bytes(), &mut bytes).ok()?;
        Some(Self(u128::from_be_bytes(bytes)))
    }
}

thread_local! {
    static SUPPLIES: RefCell<Supply> = const { RefCell::new(Supply { bytes: [[0; 16]; SUPPLY / 16], left: 0 }) };
}

/// What the system's random generator gave and no id has been made of yet.
struct Supply {
    bytes: [[u8; 16]; SUPPLY / 16],
    left: usize,
}

impl Supply {
    fn next(&mut self) -> Option<u128> {
        if self.left == 0 {
            getrandom::fill(self.bytes.as_flattened_mut()).ok()?;
            self.left = self.bytes.len();
        }
        self.left -= 1;
        // No trace is kept of an id that is given away.
        self.bytes.get_mut(self.left).map(|bytes| u128::from_ne_bytes(take(bytes)))
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut digits = [0; Self::LENGTH];
        HEXLOWER.encode_mut(&self.0.to_be_bytes(), &mut digits);
        formatter.write_str(str::from_utf8(&digits).map_err(|_| fmt::Error)?)
    }
}

/// Only the head: ids are credentials and have no business in a log.
impl fmt::Debug for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}…", self.0 >> 96)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_wrote() {
        let id = SessionId::random().unwrap();
        assert_eq!(SessionId::parse(&id.to_string()), Some(id));
        assert_eq!(id.to_string().len(), SessionId::LENGTH);
    }

    #[test]
    fn no_two_ids_are_alike() {
        let ids: std::collections::HashSet<_> = (0..10 * SUPPLY).map(|_| SessionId::random().unwrap()).collect();
        assert_eq!(ids.len(), 10 * SUPPLY);
        assert!(!ids.contains(&SessionId(0)));
    }

    #[test]
    fn no_trace_is_kept_of_an_id_that_is_given_away() {
        let mut supply = Supply { bytes: [[0; 16]; SUPPLY / 16], left: 0 };
        let given: Vec<_> = (0..SUPPLY / 16 / 2).map(|_| supply.next().unwrap()).collect();
        assert!(!given.contains(&0));
        let (kept, spent) = supply.bytes.split_at(supply.left);
        assert!(spent.iter().all(|bytes| *bytes == [0; 16]) && kept.iter().all(|bytes| *bytes != [0; 16]));
    }

    #[test]
    fn leading_zeros_are_kept() {
        assert_eq!(SessionId(7).to_string(), "00000000000000000000000000000007");
        assert_eq!(SessionId::parse("00000000000000000000000000000007"), Some(SessionId(7)));
    }

    #[test]
    fn ids_of_other_servers_and_property_names_are_no_ids() {
        for text in ["", "toString", "constructor", "009722956110599812", "+0000000000000000000000000000007"] {
            assert_eq!(SessionId::parse(text), None, "{text}");
        }
        let upper = "A0000000000000000000000000000007";
        assert_eq!(SessionId::parse(upper), None, "one session has one name");
    }

    #[test]
    fn a_log_line_never_shows_the_whole_id() {
        let id = SessionId::random().unwrap();
        assert!(!format!("{id:?}").contains(&id.to_string()[8..]));
    }
}

//! Whether everything arrived, once and in order, and how long it was under way.

use std::{collections::BTreeSet, ops::AddAssign};

/// What the servers send back: a number that counts within its stream, and when it was due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Note {
    pub number: u64,
    /// A room; whoever does not use any has stream 0 only.
    pub stream: u32,
    /// Nanoseconds of the generator's clock.
    pub due: u64,
}

impl Note {
    /// Writes it as a text of `size` bytes behind `prefix`, ASCII without anything that JSON escapes.
    pub fn write(&self, prefix: &str, size: usize) -> String {
        let mut text = format!("{prefix}{} {} {} ", self.number, self.stream, self.due);
        text.extend(std::iter::repeat_n('x', size.saturating_sub(text.len())));
        text
    }

    pub fn read(text: &str) -> Option<Self> {
        let mut words = text.strip_prefix("b:").unwrap_or(text).splitn(4, ' ');
        let number = words.next()?.parse().ok()?;
        let stream = words.next()?.parse().ok()?;
        Some(Self { number, stream, due: words.next()?.parse().ok()? })
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Faults {
    pub lost: u64,
    pub doubled: u64,
    pub misordered: u64,
}

impl AddAssign for Faults {
    fn add_assign(&mut self, other: Self) {
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.misordered += other.misordered;
    }
}

/// What one receiver heard of one stream.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    next: u64,
    missing: BTreeSet<u64>,
    doubled: u64,
    misordered: u64,
}

impl Tally {
    pub fn hear(&mut self, number: u64) {
        if number >= self.next {
            self.missing.extend(self.next..number);
            self.next = number + 1;
        } else if self.missing.remove(&number) {
            self.misordered += 1;
        } else {
            self.doubled += 1;
        }
    }

    /// Of a stream that had `sent` messages in all.
    pub fn faults(&self, sent: u64) -> Faults {
        let lost = self.missing.len() as u64 + sent.saturating_sub(self.next);
        Faults { lost, doubled: self.doubled, misordered: self.misordered }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(heard: &[u64], sent: u64) -> (u64, u64, u64) {
        let mut tally = Tally::default();
        heard.iter().for_each(|&number| tally.hear(number));
        let Faults { lost, doubled, misordered } = tally.faults(sent);
        (lost, doubled, misordered)
    }

    #[test]
    fn what_is_missing_doubled_or_late_is_told_apart() {
        assert_eq!(faults(&[0, 1, 2], 3), (0, 0, 0));
        assert_eq!(faults(&[0, 2], 4), (2, 0, 0));
        assert_eq!(faults(&[0, 2, 1], 3), (0, 0, 1));
        assert_eq!(faults(&[0, 1, 1, 2, 0], 3), (0, 2, 0));
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let note = Note { number: 12, stream: 3, due: 4_000_000_000 };
        for prefix in ["", "b:"] {
            let text = note.write(prefix, 64);
            assert_eq!(text.len(), 64);
            assert_eq!(Note::read(&text), Some(note));
        }
        assert_eq!(Note::read("ok"), None);
    }
}

//! What one generation's recordings need that the others' do not.

use std::{fmt, fs, sync::Arc};

use heirloom::Listener;

use crate::{differences::Row, journal::Journal, recording::Exchange};

pub(crate) struct Generation {
    /// The recordings are `tests/recordings/<name>.jsonl`, their table is `docs/<name>-recordings.md`.
    pub(crate) name: &'static str,
    pub(crate) table: &'static [Row],
    /// A listener with the options of the recording and the recorded application, its timers slowed down.
    pub(crate) listener: fn(&Exchange, &Arc<Journal>, u32) -> Listener,
    /// What the recorded application answered outside the resource, with 404.
    pub(crate) not_found: &'static str,
    /// Refusals of these come with a sentence for people, which is not compared.
    pub(crate) explained: &'static [u16],
    /// How an answer tells a client its id.
    pub(crate) announcement: fn(&Exchange, &str) -> String,
    /// The ids answers tell, in their order, as far as they are there yet.
    pub(crate) announced: fn(&Exchange, &str) -> Vec<String>,
    /// Puts what was recorded into our words, for timers slowed down so much.
    pub(crate) prepare: fn(&mut Exchange, u32),
}

impl Generation {
    /// The row of an exchange.
    pub(crate) fn row_of(&self, key: (&str, &str, &str)) -> Option<&'static Row> {
        let (scenario, transport, version) = key;
        let is = |row: &&Row| row.scenario == scenario && row.transport == transport && row.versions.contains(&version);
        self.table.iter().find(is)
    }

    pub(crate) fn recordings(&self) -> String {
        read(&format!("tests/recordings/{}.jsonl", self.name))
    }

    pub(crate) fn document(&self) -> String {
        read(&format!("docs/{}-recordings.md", self.name))
    }
}

fn read(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

impl fmt::Debug for Generation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl PartialEq for Generation {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

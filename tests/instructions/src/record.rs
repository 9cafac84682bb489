//! What is recorded, and how it is compared with what is counted.
//!
//! With the same compiler and C library on the same architecture a count is repeated to a few in a thousand. Others count
//! otherwise, without anything having been changed: the bound is wider then. On another architecture the counts are
//! only shown.

use crate::scene::Outcome;
use std::{collections::BTreeMap, env, fmt, fs, process::Command};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/recorded.txt");
const CIRCUMSTANCES: &str = "counted with ";

/// By how many in a hundred a count may differ, counted in the same circumstances and in others.
const TOLERANCE: u64 = 3;
const WIDE_TOLERANCE: u64 = 15;

const EXPLANATION: &str = "\
# The server's instructions for each message that it delivers (for each connection that comes and goes). Not written by
# hand: `tests/instructions/run --record`.
";

#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) circumstances: String,
    pub(crate) counts: BTreeMap<String, u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Same,
    Slower,
    Faster,
    Unknown,
}

#[derive(Debug)]
pub(crate) enum Comparison {
    Same,
    OtherCompiler { recorded: String, now: String },
    OtherArchitecture,
}

/// What a count depends on besides the program.
pub(crate) fn circumstances() -> Outcome<String> {
    let said = |program: &str, argument: &str| -> Option<String> {
        let output = Command::new(program).arg(argument).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let compiler = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let compiler = said(&compiler, "--version").ok_or("rustc does not tell its version")?;
    let library = said("getconf", "GNU_LIBC_VERSION").unwrap_or_else(|| "another C library".to_owned());
    Ok(format!("{compiler}, {library}, {}", env::consts::ARCH))
}

impl Record {
    /// Nothing, if nothing is recorded yet.
    pub(crate) fn read() -> Outcome<Self> {
        let mut record = Self::default();
        let Ok(text) = fs::read_to_string(FILE) else { return Ok(record) };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(circumstances) = line.strip_prefix(CIRCUMSTANCES) {
                circumstances.clone_into(&mut record.circumstances);
                continue;
            }
            let (name, count) = line.rsplit_once(' ').ok_or_else(|| format!("{FILE}: {line:?} is no count"))?;
            record.counts.insert(name.trim_end().to_owned(), count.parse()?);
        }
        Ok(record)
    }

    /// With these counts in the place of those it has.
    pub(crate) fn renew(mut self, circumstances: String, counts: &[(&str, u64)]) -> Self {
        if self.circumstances != circumstances {
            self.counts.clear();
        }
        self.circumstances = circumstances;
        self.counts.extend(counts.iter().map(|(name, count)| ((*name).to_owned(), *count)));
        self
    }

    pub(crate) fn write(&self) -> Outcome<()> {
        let lines = self.counts.iter().map(|(name, count)| format!("{name:<34} {count:>7}\n"));
        let text = format!("{EXPLANATION}{CIRCUMSTANCES}{}\n\n{}", self.circumstances, lines.collect::<String>());
        Ok(fs::write(FILE, text)?)
    }

    pub(crate) fn comparison(&self, now: &str) -> Comparison {
        let architecture = |circumstances: &str| circumstances.rsplit(", ").next().map(str::to_owned);
        if self.circumstances == now {
            Comparison::Same
        } else if architecture(&self.circumstances) == architecture(now) {
            Comparison::OtherCompiler { recorded: self.circumstances.clone(), now: now.to_owned() }
        } else {
            Comparison::OtherArchitecture
        }
    }
}

impl Comparison {
    pub(crate) fn judge(&self, recorded: Option<u64>, count: u64) -> Verdict {
        let tolerance = match self {
            Self::Same => TOLERANCE,
            Self::OtherCompiler { .. } => WIDE_TOLERANCE,
            Self::OtherArchitecture => return Verdict::Same,
        };
        match recorded {
            None => Verdict::Unknown,
            Some(recorded) if count * 100 > recorded * (100 + tolerance) => Verdict::Slower,
            Some(recorded) if count * 100 < recorded * (100 - tolerance) => Verdict::Faster,
            Some(_) => Verdict::Same,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => {
                write!(formatter, "instructions for each message; {TOLERANCE} % more than recorded is slower")
            }
            Self::OtherCompiler { recorded, now } => write!(
                formatter,
                "instructions for each message; only {WIDE_TOLERANCE} % more is slower, because it is {now} that counts, \
                 and what is recorded is of {recorded}"
            ),
            Self::OtherArchitecture => {
                formatter.write_str("instructions for each message; nothing to compare with on this architecture")
            }
        }
    }
}

/// What is told of one count.
pub(crate) fn line(name: &str, recorded: Option<u64>, count: u64, verdict: Verdict) -> String {
    let change = match recorded {
        Some(recorded) => {
            let percent = (count as f64 / recorded as f64 - 1.0) * 100.0;
            format!("recorded {recorded:>7}, {percent:>+6.1} %")
        }
        None => "nothing recorded".to_owned(),
    };
    let verdict = match verdict {
        Verdict::Slower => " SLOWER",
        Verdict::Faster => " faster",
        Verdict::Same | Verdict::Unknown => "",
    };
    format!("{name:<34} {count:>7} ({change}){verdict}")
}

//! This program under callgrind.

use crate::{scene::Outcome, workloads::Workload};
use std::{
    env, fs, io,
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

/// The argument with which this program does what is to be counted.
pub(crate) const PERFORM: &str = "--perform";

/// The function in which the server has its turns: only there is anything counted.
const COUNTED: &str = "--toggle-collect=*counted_turn*";

/// A hundred times what it takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// The instructions for one message of each, several at a time, told in the order in which they are known.
pub(crate) fn count_all(
    workloads: &[&'static Workload],
    mut tell: impl FnMut(&'static Workload, u64) -> Outcome<()>,
) -> Outcome<()> {
    let next = AtomicUsize::new(0);
    let (results, told) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (next, results) = (&next, results.clone());
            scope.spawn(move || {
                while let Some(workload) = workloads.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let count = count(workload).map_err(|error| error.to_string());
                    if results.send((*workload, count)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(results);
        // Who is told nothing any more stops counting.
        let told = told;
        told.iter().try_for_each(|(workload, count)| tell(workload, count?))
    })
}

/// The instructions for one message.
pub(crate) fn count(workload: &Workload) -> Outcome<u64> {
    let run = Run::new(workload)?;
    Ok(run.instructions()? / run.delivered)
}

/// Shows in which functions the instructions are.
pub(crate) fn profile(workload: &Workload) -> Outcome<()> {
    let run = Run::new(workload)?;
    println!("{} instructions for each of {}", run.instructions()? / run.delivered, run.delivered);
    let shown = Command::new("callgrind_annotate").arg("--auto=no").arg(&run.file).status()?;
    if shown.success() { Ok(()) } else { Err("callgrind_annotate failed".into()) }
}

struct Run {
    file: PathBuf,
    delivered: u64,
}

impl Run {
    fn new(workload: &Workload) -> Outcome<Self> {
        let name = workload.name;
        let program = env::current_exe()?;
        let file = program.with_file_name(format!("callgrind-{}-{}", process::id(), name.replace(' ', "-")));
        let child = Command::new("valgrind")
            .args(["--tool=callgrind", COUNTED])
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(program)
            .args([PERFORM, name])
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let mut run = Self { file, delivered: 0 };
        let output = wait(child)?;
        let (said, complaint) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        run.delivered = said.trim().parse().map_err(|_| format!("{name} failed ({}): {complaint}", output.status))?;
        Ok(run)
    }

    fn instructions(&self) -> Outcome<u64> {
        let text = fs::read_to_string(&self.file)?;
        let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
        let total = total.ok_or_else(|| format!("no total in {}", self.file.display()))?.trim().parse::<u64>()?;
        if total == 0 { Err("callgrind found nothing to count".into()) } else { Ok(total) }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
    }
}

/// Waits for the end of a program that says little.
fn wait(mut child: Child) -> io::Result<process::Output> {
    let since = Instant::now();
    while child.try_wait()?.is_none() {
        if since.elapsed() > PATIENCE {
            child.kill()?;
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output()
}

//! What the operating system says of a process: its CPU time and its memory; and where it may run.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::{fs, time::Duration};

/// The CPU time of all its threads, those that have ended included, by the nanosecond.
pub fn cpu_time(pid: u32) -> Result<Duration, String> {
    let pid = Pid::from_raw(i32::try_from(pid).map_err(|error| error.to_string())?);
    let clock = clock_getcpuclockid(pid).map_err(|error| format!("the server's CPU clock: {error}"))?;
    read(clock)
}

/// Of this thread, which is all of the generator.
pub fn own_cpu_time() -> Result<Duration, String> {
    read(ClockId::CLOCK_THREAD_CPUTIME_ID)
}

fn read(clock: ClockId) -> Result<Duration, String> {
    clock_gettime(clock).map(Duration::from).map_err(|error| format!("a CPU clock: {error}"))
}

/// What the process has of memory, in bytes; pages that are shared count in parts.
pub fn memory(pid: u32) -> Result<u64, String> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let kilobytes =
        text.lines().find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix("kB")?.trim().parse().ok());
    kilobytes.map(|kilobytes: u64| kilobytes * 1024).ok_or_else(|| format!("{path} has no Pss"))
}

/// As many descriptors as are allowed; children inherit it.
pub fn raise_descriptors() -> Result<u64, String> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).map_err(|error| error.to_string())?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most).map_err(|error| error.to_string())?;
    Ok(most)
}

/// The processors this process may use.
pub fn processors() -> Vec<usize> {
    let Ok(set) = sched_getaffinity(Pid::from_raw(0)) else { return Vec::new() };
    (0..CpuSet::count()).filter(|&number| set.is_set(number).unwrap_or(false)).collect()
}

/// From now on this thread, and what it starts, runs on these only.
pub fn run_on(processors: &[usize]) -> Result<(), String> {
    let mut set = CpuSet::new();
    let added = processors.iter().try_for_each(|&number| set.set(number));
    added.and_then(|()| sched_setaffinity(Pid::from_raw(0), &set)).map_err(|error| format!("affinity: {error}"))
}

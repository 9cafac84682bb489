//! Clients that vanish, do not read, dribble, flood, or are killed, against a server in a process of its own; and what
//! becomes of the server and of its other clients. `docs/soak.md` says what was measured.
//!
//! ```text
//! cargo run --release --example soak -- SCENARIO [--option value]…
//! ```
//!
//! Without an option a scenario takes some twenty seconds. It prints figures from before, during and after, and ends with
//! status 1 if the library did not do what it promises.

#[path = "soak/codec.rs"]
mod codec;
#[path = "soak/crowd.rs"]
mod crowd;
#[path = "soak/handshakes.rs"]
mod handshakes;
#[path = "soak/honest.rs"]
mod honest;
#[path = "soak/http.rs"]
mod http;
#[path = "soak/kill.rs"]
mod kill;
#[path = "soak/kinds.rs"]
mod kinds;
#[path = "soak/peer.rs"]
mod peer;
#[path = "soak/process.rs"]
mod process;
#[path = "soak/report.rs"]
mod report;
#[path = "soak/server.rs"]
mod server;
#[path = "soak/settings.rs"]
mod settings;
#[path = "soak/shutdown.rs"]
mod shutdown;
#[path = "soak/slow_readers.rs"]
mod slow_readers;
#[path = "soak/slowloris.rs"]
mod slowloris;
#[path = "soak/states.rs"]
mod states;
#[path = "soak/vanish.rs"]
mod vanish;

use peak_alloc::PeakAlloc;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::{error::Error, process::ExitCode};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const SCENARIOS: &str = "vanish, kill, slow-readers, slowloris, handshakes, flood, shutdown";
/// Set for the process that has as many descriptors as it may.
const HAS_DESCRIPTORS: &str = "HEIRLOOM_SOAK_HAS_DESCRIPTORS";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, Box<dyn Error>> {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("error")).init();
    take_descriptors()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let kept = runtime.block_on(play());
    // Nobody waits for clients that wait.
    runtime.shutdown_background();
    kept
}

async fn play() -> Result<bool, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let scenario = arguments.next().unwrap_or_default();
    let options: Vec<String> = arguments.collect();
    match scenario.as_str() {
        "server" => server::run(told(&options)?).await.map(|()| true),
        "dribble" => slowloris::dribble(told(&options)?).await.map(|()| true),
        "handshake" => handshakes::handshake(told(&options)?).await.map(|()| true),
        "mixed" => shutdown::mixed(told(&options)?).await.map(|()| true),
        "mortal" => kill::mortal(told(&options)?).await.map(|()| true),
        "slow" => slow_readers::slow(told(&options)?).await.map(|()| true),
        "flood" => handshakes::flood(read(&options)?).await,
        "handshakes" => handshakes::run(read(&options)?).await,
        "kill" => kill::run(read(&options)?).await,
        "slow-readers" => slow_readers::run(read(&options)?).await,
        "slowloris" => slowloris::run(read(&options)?).await,
        "shutdown" => shutdown::run(read(&options)?).await,
        "vanish" => vanish::run(read(&options)?).await,
        _ => Err(format!("a scenario is one of {SCENARIOS}").into()),
    }
}

/// What another process of this program has told.
fn told<T: DeserializeOwned>(options: &[String]) -> Result<T, Box<dyn Error>> {
    Ok(serde_json::from_str(options.first().ok_or("nothing told")?)?)
}

/// Options by their names: `--clients 100`.
fn read<T: DeserializeOwned>(options: &[String]) -> Result<T, Box<dyn Error>> {
    let mut map = Map::new();
    for pair in options.chunks(2) {
        let [name, value] = pair else { return Err(format!("{}: no value", pair.concat()).into()) };
        let name = name.strip_prefix("--").ok_or_else(|| format!("{name} is no option"))?;
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value.as_str()));
        map.insert(name.replace('-', "_"), value);
    }
    Ok(serde_json::from_value(map.into())?)
}

/// Thousands of clients need thousands of descriptors: begins anew with as many as the system gives.
#[cfg(unix)]
fn take_descriptors() -> Result<(), Box<dyn Error>> {
    use std::{os::unix::process::CommandExt, process::Command};
    if std::env::var_os(HAS_DESCRIPTORS).is_some() {
        return Ok(());
    }
    let raised = "ulimit -n \"$(ulimit -Hn)\" 2>/dev/null; exec \"$0\" \"$@\"";
    let mut shell = Command::new("sh");
    shell.args(["-c", raised]).arg(std::env::current_exe()?).args(std::env::args_os().skip(1));
    Err(shell.env(HAS_DESCRIPTORS, "1").exec().into())
}

#[cfg(not(unix))]
fn take_descriptors() -> Result<(), Box<dyn Error>> {
    Ok(())
}

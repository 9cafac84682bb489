//! Measures Heirloom and its peers side by side: a load generator of one thread, and what runs it in interleaved rounds.

mod client;
mod compare;
mod crowd;
mod dialect;
mod frame;
mod http;
mod link;
mod meter;
mod pairs;
mod process;
mod servers;
mod table;
mod tally;
mod work;
mod workload;

use clap::Parser;
use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

#[derive(Parser)]
#[command(about)]
enum Task {
    /// Measures servers against each other and prints tables.
    Compare(compare::Comparison),
    /// Measures a server that runs already.
    Load {
        #[arg(long)]
        address: SocketAddr,
        /// Of the server's process.
        #[arg(long)]
        pid: u32,
        #[arg(long)]
        dialect: dialect::Dialect,
        #[arg(short, long = "workload", required = true)]
        workloads: Vec<workload::Workload>,
    },
    /// Prints the tables of what was kept before.
    Tables { files: Vec<PathBuf> },
}

fn main() -> ExitCode {
    let outcomes = match Task::parse() {
        Task::Compare(comparison) => comparison.run(),
        Task::Tables { files } => compare::read(&files),
        Task::Load { address, pid, dialect, workloads } => {
            for workload in &workloads {
                println!("{}", compare::one(workload, work::Target { address, pid, dialect }));
            }
            return ExitCode::SUCCESS;
        }
    };
    match outcomes.and_then(|outcomes| table::render(&outcomes)) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

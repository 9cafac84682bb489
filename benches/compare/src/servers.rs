//! The servers that are compared, and how they are started.

use crate::workload::{Kind, Workload};
use crate::{dialect::Dialect, process, work::Target};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where the programs are.
#[derive(Clone, Debug, clap::Args)]
pub struct Programs {
    /// The `echo` example of the library.
    #[arg(long, default_value = "target/release/examples/echo")]
    pub echo: PathBuf,
    /// The directory of `floor` and `oxide`; that of this program if not said.
    #[arg(long)]
    pub peers: Option<PathBuf>,
    /// The directory of the Node originals and of the scripts that serve them.
    #[arg(long)]
    pub node: Option<PathBuf>,
    /// Servers may write to the standard error.
    #[arg(long)]
    pub loud: bool,
}

#[derive(Clone, Copy, Debug)]
enum Program {
    Echo,
    Peer(&'static str),
    /// A script, and the package it needs.
    Node(&'static str, &'static str),
}

#[derive(Clone, Copy, Debug)]
pub struct Server {
    pub name: &'static str,
    pub title: &'static str,
    dialect: Dialect,
    program: Program,
}

pub const FLOOR: &str = "floor";

pub const SERVERS: [Server; 10] = [
    Server::of(FLOOR, "hyper + tokio-tungstenite (the floor)", Dialect::Raw, Program::Peer("floor")),
    Server::of("heirloom-0.6", "Heirloom, 0.6", Dialect::Frames, Program::Echo),
    Server::of("heirloom-0.9", "Heirloom, 0.9", Dialect::Packets, Program::Echo),
    Server::of("heirloom-2", "Heirloom, 2.x", Dialect::Engine3, Program::Echo),
    Server::of("heirloom-4", "Heirloom, 4.x", Dialect::Engine4, Program::Echo),
    Server::of("oxide-2", "socketioxide, 2.x", Dialect::Engine3, Program::Peer("oxide")),
    Server::of("oxide-4", "socketioxide, 4.x", Dialect::Engine4, Program::Peer("oxide")),
    Server::of("node-0.6", "socket.io 0.6.18", Dialect::Draft, Program::Node("socket06.js", "0.6")),
    Server::of("node-0.9", "socket.io 0.9.19", Dialect::Packets, Program::Node("socket09.js", "0.9")),
    Server::of("node-4", "socket.io 4.8", Dialect::Engine4, Program::Node("socket4.js", "4")),
];

impl Server {
    const fn of(name: &'static str, title: &'static str, dialect: Dialect, program: Program) -> Self {
        Self { name, title, dialect, program }
    }

    /// Whether the workload means anything to it.
    pub fn can(&self, workload: &Workload) -> bool {
        let ours = matches!(self.program, Program::Echo);
        match self.program {
            _ if workload.mixed => self.name == "heirloom-4",
            Program::Node(..) if workload.threads > 0 => false,
            _ if workload.kind == Kind::Rooms => ours,
            _ => !workload.poll || self.dialect != Dialect::Raw,
        }
    }

    /// What is missing, if it cannot be started.
    pub fn missing(&self, programs: &Programs) -> Option<PathBuf> {
        let needed = match self.program {
            Program::Node(_, package) => {
                programs.node.as_ref().map(|node| node.join(package).join("node_modules/socket.io"))
            }
            _ => self.path(programs),
        };
        let needed = needed.unwrap_or_else(|| PathBuf::from("--node"));
        (!needed.exists()).then_some(needed)
    }

    fn path(&self, programs: &Programs) -> Option<PathBuf> {
        match self.program {
            Program::Echo => Some(programs.echo.clone()),
            Program::Peer(name) => match &programs.peers {
                Some(directory) => Some(directory.join(name)),
                None => Some(std::env::current_exe().ok()?.with_file_name(name)),
            },
            Program::Node(script, _) => Some(programs.node.as_ref()?.join(script)),
        }
    }

    /// On processors of its own, if it is told which.
    pub fn start(&self, programs: &Programs, threads: usize, on: Option<&[usize]>) -> Result<Running, String> {
        let path = self.path(programs).ok_or("no program")?;
        let mut command = match self.program {
            Program::Node(..) => {
                let mut command = Command::new("node");
                command.arg(&path);
                command
            }
            _ => Command::new(&path),
        };
        let address = free_address().map_err(|error| error.to_string())?;
        command.env("PORT", address.port().to_string()).env("THREADS", threads.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null());
        if !programs.loud {
            command.stderr(Stdio::null());
        }
        // A child inherits where its parent may run.
        let own = process::processors();
        if let Some(on) = on {
            process::run_on(on)?;
        }
        let child = command.spawn();
        process::run_on(&own)?;
        let running = Running { child: child.map_err(|error| failed(&path, error))?, address, dialect: self.dialect };
        running.wait()
    }
}

fn failed(path: &Path, error: std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// A server that is ended when it is dropped.
pub struct Running {
    child: Child,
    address: SocketAddr,
    dialect: Dialect,
}

impl Running {
    fn wait(mut self) -> Result<Self, String> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(self.address).is_err() {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(format!("it ended at once: {status}"));
            }
            if Instant::now() > deadline {
                return Err("it does not listen".to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(self)
    }

    pub fn target(&self) -> Target {
        Target { address: self.address, pid: self.child.id(), dialect: self.dialect }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

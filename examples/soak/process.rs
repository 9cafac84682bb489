//! The other processes of a scenario: its server, and the clients that are to be killed or to be out of the way.

use serde::Serialize;
use serde_json::Value;
use std::{error::Error, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    commands: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// This program in another role. It ends with this one.
    pub(crate) fn spawn(role: &str, settings: &impl Serialize) -> Result<Self, Box<dyn Error>> {
        let mut child = Command::new(std::env::current_exe()?)
            .args([role, &serde_json::to_string(settings)?])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("no pipes to a process".into());
        };
        Ok(Self { child, commands, answers: BufReader::new(answers).lines() })
    }

    pub(crate) async fn answer(&mut self) -> Result<Value, Box<dyn Error>> {
        let line = tokio::time::timeout(PATIENCE, self.answers.next_line()).await??;
        Ok(serde_json::from_str(&line.ok_or("a process has ended")?)?)
    }

    pub(crate) async fn ask(&mut self, command: &str) -> Result<Value, Box<dyn Error>> {
        self.commands.write_all(format!("{command}\n").as_bytes()).await?;
        self.answer().await
    }

    /// As `kill -9` does.
    pub(crate) async fn kill(mut self) -> Result<(), Box<dyn Error>> {
        Ok(self.child.kill().await?)
    }
}

//! Commands that end by themselves.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::instance::program;
use super::log::Log;
use super::within;

/// How long a command may take; `demo` is the longest.
const PATIENCE: Duration = Duration::from_secs(40);

/// What a command printed and how it ended.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the program with these arguments.
pub(crate) fn campanile(arguments: &[&str]) -> Output {
    campanile_with_input(arguments, "")
}

/// Runs the program with these arguments in the cluster of a kubeconfig.
pub(crate) fn campanile_in(kubeconfig: &Path, arguments: &[&str]) -> Output {
    campanile_in_with_input(kubeconfig, arguments, "")
}

/// Runs the program with these arguments and this text on standard input in the cluster of a kubeconfig.
pub(crate) fn campanile_in_with_input(kubeconfig: &Path, arguments: &[&str], input: &str) -> Output {
    run(program().env("KUBECONFIG", kubeconfig), arguments, input)
}

/// Runs the program with these arguments and this text on standard input.
pub(crate) fn campanile_with_input(arguments: &[&str], input: &str) -> Output {
    run(&mut program(), arguments, input)
}

fn run(program: &mut Command, arguments: &[&str], input: &str) -> Output {
    let mut child = program
        .args(arguments)
        .env("COLUMNS", "100")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program can be started");
    let mut stdin = child.stdin.take().expect("stdin is piped");
    // A command that does not read its input may have ended already.
    drop(stdin.write_all(input.as_bytes()));
    drop(stdin);
    let mut child = Ending(child);
    let mut stdout = Log::follow(child.0.stdout.take().expect("stdout is piped"));
    let mut stderr = Log::follow(child.0.stderr.take().expect("stderr is piped"));
    let status = within(PATIENCE, "the command to end", || child.0.try_wait().expect("a child can be asked"));
    stdout.finish();
    stderr.finish();
    let text = |log: &Log| log.lines().iter().map(|line| format!("{line}\n")).collect::<String>();
    let output = Output { code: status.code(), stdout: text(&stdout), stderr: text(&stderr) };
    assert!(!output.stderr.contains("panicked"), "{output:#?}");
    output
}

/// Does not outlive a test that fails.
struct Ending(Child);

impl Drop for Ending {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

//! Completions and man pages, from the same definitions as the help.

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::Shell;

use super::out::put;
use crate::cli::{Cli, CompletionFlags, DocumentsFlags};

const PROGRAM: &str = "campanile";

/// Shells whose completions a release has, and the names by which they are looked for.
const SHELLS: [(Shell, &str); 3] =
    [(Shell::Bash, "campanile.bash"), (Shell::Fish, "campanile.fish"), (Shell::Zsh, "_campanile")];

/// `campanile completion`: the script that a shell reads.
pub(crate) fn completion(flags: &CompletionFlags) -> Result<ExitCode> {
    put(&String::from_utf8_lossy(&script(flags.shell)))?;
    Ok(ExitCode::SUCCESS)
}

/// `campanile documents`: what a release has beside the program.
pub(crate) fn documents(flags: &DocumentsFlags) -> Result<ExitCode> {
    let (scripts, pages) = (flags.folder.join("completions"), flags.folder.join("man"));
    for folder in [&scripts, &pages] {
        fs::create_dir_all(folder).with_context(|| format!("make the folder {}", folder.display()))?;
    }
    for (shell, name) in SHELLS {
        write(&scripts.join(name), &script(shell))?;
    }
    let mut command = Cli::command();
    command.build();
    page(&pages, &command)?;
    // The first level alone: no command has commands below it.
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        page(&pages, sub)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn script(shell: Shell) -> Vec<u8> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), PROGRAM, &mut text);
    text
}

fn page(folder: &Path, command: &clap::Command) -> Result<()> {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    // What stands in a page may not depend on the day.
    let page = clap_mangen::Man::new(command.clone()).date("").manual("Campanile");
    let mut text = Vec::new();
    page.render(&mut text).with_context(|| format!("write the page of {name}"))?;
    write(&folder.join(format!("{name}.1")), &text)
}

fn write(file: &Path, text: &[u8]) -> Result<()> {
    fs::write(file, text).with_context(|| format!("write {}", file.display()))
}

//! The command line.

mod check;
mod cluster;
mod controller;
mod duration;
mod event_auth;
mod flags;
mod gates;
mod object_key;
mod operate;
mod receive;
mod state_dir;
mod tls;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use campanile_domain::ObjectKey;
use campanile_logging as logging;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use crate::commands;
use crate::config::Config;
pub use check::{CheckFlags, FluxRelease, Missing, ReportForm};
pub use cluster::{PreflightFlags, UninstallFlags};
pub use controller::ControllerFlags;
pub use flags::{CommonFlags, RunFlags};
pub use operate::{ExplainFlags, LetterFlags, RetryFlags, SendFlags};
pub use receive::ReceiveFlags;

/// What fails where the log cannot be started.
const NO_LOG: &str = "start the thread that writes log lines";

/// Where a pod finds its token.
const POD_TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";

/// An event router for GitOps clusters: Flux events in, notifications out, none lost.
///
/// In a pod, or with a flag of the controller, it runs without a command in place of Flux's notification-controller.
#[derive(Debug, Parser)]
#[command(name = "campanile", version, args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Example:\n  campanile demo\n  campanile run --manifests ./alerts --state-dir ./state\n  campanile controller --watch-all-namespaces --log-level=info --log-encoding=json --enable-leader-election"
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten, next_help_heading = "Options in a cluster, without a command")]
    controller: ControllerFlags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run in standalone mode: Alerts, Providers and Secrets come from a folder of manifests.
    #[command(
        after_help = "Example:\n  campanile run --manifests ./alerts --state-dir ./state --events-addr 127.0.0.1:9090"
    )]
    Run(Box<RunFlags>),
    /// Start everything with a built-in destination, post events, and show what arrives.
    #[command(after_help = "Example:\n  campanile demo --serve\n  campanile demo --manifests ./alerts")]
    Demo(DemoFlags),
    /// Show objects and deliveries of a running instance.
    #[command(
        after_help = "Example:\n  campanile get alerts\n  campanile get dead --provider apps/slack -o json"
    )]
    Get(GetFlags),
    /// Validate manifests: schema, references, patterns, addresses, certificates.
    ///
    /// Exit code 0 says that the API server takes them and that they can work, 1 that not. Each finding has an id, which
    /// docs/check.md explains with an example.
    #[command(
        after_help = "Example:\n  campanile check ./alerts ./providers\n  kustomize build . | campanile check - --for flux-2.10\n  campanile check ./alerts --strict --missing error -o github"
    )]
    Check(CheckFlags),
    /// Show what becomes of an event: the step that decided about each Alert, and the request that would go out.
    #[command(
        after_help = "Example:\n  campanile explain Kustomization/apps/web --severity error --expect apps/slack\n  campanile explain --event event.json --manifests ./alerts\n  campanile explain --event - --alert apps/on-call -o json < event.json\n  campanile explain --delivery 3f9a1c77"
    )]
    Explain(Box<ExplainFlags>),
    /// Send a test notification through a Provider of a running instance, and show what the destination answers.
    #[command(
        after_help = "Example:\n  campanile send --provider apps/slack --severity error\n  campanile send --provider apps/github --revision main@sha1:5394cb7f48332b2de7c17dd8b8384bbc84b7e738"
    )]
    Send(SendFlags),
    /// Try what waits in a running instance at once, whatever it waits for.
    ///
    /// For when a destination works again and the next attempt is minutes away. A test notification that arrives does the
    /// same for its Provider.
    #[command(after_help = "Example:\n  campanile retry --provider apps/slack\n  campanile retry 3f9a1c77")]
    Retry(RetryFlags),
    /// Put dead letters of a running instance back into the queue of their Provider.
    #[command(
        after_help = "Example:\n  campanile redrive 3f9a1c77 b0d25e14\n  campanile redrive --provider apps/slack\n  campanile redrive --all"
    )]
    Redrive(LetterFlags),
    /// Remove dead letters of a running instance for good.
    #[command(after_help = "Example:\n  campanile drop 3f9a1c77\n  campanile drop --provider apps/slack")]
    Drop(LetterFlags),
    /// Judge a captured webhook by a Receiver, or print the address for the host's settings. Nothing is sent.
    #[command(
        after_help = "Example:\n  campanile receive --receiver apps/github --manifests ./receivers --file request.txt\n  kubectl get receivers,secrets -n apps -o yaml | campanile receive --receiver apps/github --manifests - --url --show-secrets"
    )]
    Receive(ReceiveFlags),
    /// Run in a cluster, in place of Flux's notification-controller: what the bare name does in a pod.
    #[command(after_help = "Example:\n  campanile controller --watch-all-namespaces --log-level=info")]
    Controller(Box<ControllerFlags>),
    /// Print the definitions of Alert, Provider and Receiver for a cluster.
    #[command(
        after_help = "Example:\n  campanile crds | kubectl apply -f -\n  campanile crds --merge | kubectl apply -f -\n  campanile crds --merge --as fluxinstance"
    )]
    Crds(CrdsFlags),
    /// Look at a cluster and say what would go wrong: definitions, rights, volume, image, senders, destinations. Changes nothing.
    ///
    /// Exit code 0 says that nothing would, 1 that something would. Each finding has an id, which docs/install.md explains.
    #[command(
        after_help = "Example:\n  campanile preflight\n  campanile preflight --namespace flux-system --strict -o json"
    )]
    Preflight(PreflightFlags),
    /// Take an installation out of a cluster, with the rights of the kubeconfig: all that carries app.kubernetes.io/name=campanile.
    ///
    /// The volume goes, and what waits in it: look before with `campanile get deliveries`. The kinds stay, and every Alert, Provider
    /// and Receiver with them.
    #[command(
        after_help = "Example:\n  campanile uninstall --dry-run\n  campanile uninstall --namespace flux-system"
    )]
    Uninstall(UninstallFlags),
    /// Print the completions of a shell, from the same definitions as this help.
    #[command(after_help = "Example:\n  campanile completion bash > /etc/bash_completion.d/campanile")]
    Completion(CompletionFlags),
    /// Write completions and man pages into a folder, for a release.
    #[command(hide = true, after_help = "Example:\n  campanile documents ./documents")]
    Documents(DocumentsFlags),
}

/// A command line that is well-formed and cannot be meant.
struct Refused {
    /// The text of the log line.
    what: &'static str,
    /// The error of the run, with its remedy.
    error: String,
}

/// Flags of the command `demo`.
#[derive(Debug, clap::Args)]
pub struct DemoFlags {
    /// Stay up afterwards, so that you can post events of your own.
    #[arg(long)]
    pub serve: bool,
    /// Try these manifests instead of the built-in quickstart: a sample event for each Alert, and whether its message comes
    /// through. Every address of a Provider is replaced by the built-in destination, so that nothing leaves this machine. Ends
    /// after 10 s at most, with exit code 1 if a message did not arrive.
    #[arg(long, value_name = "DIR")]
    pub manifests: Option<PathBuf>,
}

/// Flags of the command `get`.
#[derive(Debug, clap::Args)]
pub struct GetFlags {
    /// The list that is shown.
    #[arg(value_enum)]
    pub what: What,
    /// Show objects of this namespace only.
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// Only deliveries of this Provider.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object_key::parse)]
    pub provider: Option<ObjectKey>,
    /// At most so many deliveries, the oldest.
    #[arg(long, value_name = "NUMBER", default_value_t = 500)]
    pub limit: usize,
    /// `wide` shows more columns and cuts nothing, `json` prints the whole answer.
    #[arg(short, long, value_enum, value_name = "FORM", default_value = "table")]
    pub output: GetForm,
    /// Address of the instance's operations API.
    #[arg(long, env = "CAMPANILE_ADMIN", default_value = flags::ADMIN, value_name = "HOST:PORT")]
    pub admin_addr: String,
}

/// Form of what `get` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum GetForm {
    /// For people: the columns of `kubectl get`, cut to the width of the terminal.
    Table,
    /// For people with room: the columns of `kubectl get -o wide`, and nothing is cut.
    Wide,
    /// JSON, for programs that read it.
    Json,
}

/// The lists that `get` can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum What {
    /// Alerts and whether they are ready.
    Alerts,
    /// Providers, whether they are ready and whether messages get through.
    Providers,
    /// Receivers, whether they are ready, and what became of their last request.
    Receivers,
    /// What waits to be delivered.
    Deliveries,
    /// Dead letters: deliveries that were given up.
    Dead,
}

/// Form of what a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// A table, for people that read it.
    Table,
    /// JSON, for programs that read it.
    Json,
}

/// Flags of the command `crds`.
#[derive(Debug, clap::Args)]
pub struct CrdsFlags {
    /// Version in which the API server stores Alerts and Providers. After `v1`, there is no way back to Flux 2.9 or older.
    #[arg(long, value_enum, value_name = "VERSION", default_value = "v1beta3")]
    pub storage: Storage,
    /// Keep the kinds that others appended to the definitions in the cluster of KUBECONFIG, so that applying takes none away.
    #[arg(long)]
    pub merge: bool,
    /// Whom the output is for: kubectl, or the Flux Operator, as patches for its FluxInstance.
    #[arg(long = "as", value_enum, value_name = "FORM", default_value = "definitions")]
    pub form: CrdsForm,
}

/// Flags of the command `completion`.
#[derive(Debug, clap::Args)]
pub struct CompletionFlags {
    /// The shell that reads it.
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// Flags of the command `documents`.
#[derive(Debug, clap::Args)]
pub struct DocumentsFlags {
    /// The folder for them: into `completions` and `man` below it.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

/// Form of what `crds` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum CrdsForm {
    /// Whole definitions, ready for kubectl.
    Definitions,
    /// The part of a FluxInstance that has the Flux Operator patch its definitions into ours.
    Fluxinstance,
}

/// A version in which Alerts and Providers can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Storage {
    /// As Flux 2.10 stores them.
    V1,
    /// As Flux 2.9 and older store them, and 2.10 can read them.
    V1beta3,
}

/// Runs the program: exit code 0 good, 1 failed, 2 wrong usage.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let result = match cli.command {
        None if !is_meant() => return help(),
        None => control(&cli.controller),
        Some(Command::Controller(flags)) => control(&flags),
        Some(Command::Run(flags)) => start(flags.config(), &flags.common, || flags.check()),
        Some(Command::Demo(flags)) => logging::start(logging::Encoding::Console, logging::LogLevel::Error)
            .context(NO_LOG)
            .and_then(|()| commands::demo(&flags)),
        Some(Command::Get(flags)) => commands::get(&flags),
        Some(Command::Check(flags)) => commands::check(&flags),
        Some(Command::Explain(flags)) => commands::explain(&flags),
        Some(Command::Send(flags)) => commands::send(&flags),
        Some(Command::Retry(flags)) => commands::retry(&flags),
        Some(Command::Redrive(flags)) => commands::redrive(&flags),
        Some(Command::Drop(flags)) => commands::discard(&flags),
        Some(Command::Receive(flags)) => commands::receive(&flags),
        Some(Command::Crds(flags)) => commands::crds(&flags),
        Some(Command::Preflight(flags)) => commands::preflight(&flags),
        Some(Command::Uninstall(flags)) => commands::uninstall(&flags),
        Some(Command::Completion(flags)) => commands::completion(&flags),
        Some(Command::Documents(flags)) => commands::documents(&flags),
    };
    let code = result.unwrap_or_else(|error| {
        eprintln!("campanile: failed to {error:#}");
        ExitCode::from(1)
    });
    logging::flush();
    code
}

/// Whether the bare name stands for the controller: in a pod, or with a flag. On a workstation it would work on whatever
/// cluster the kubeconfig names.
fn is_meant() -> bool {
    let is_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() && Path::new(POD_TOKEN).exists();
    is_pod || std::env::args_os().len() > 1
}

/// Shows what there is, as wrong usage does.
fn help() -> ExitCode {
    eprintln!("{}", Cli::command().render_help());
    ExitCode::from(2)
}

fn control(flags: &ControllerFlags) -> anyhow::Result<ExitCode> {
    start(flags.config(), &flags.common, || flags.check())
}

/// Says what is wrong with a command line, or shows the help that it asks for.
fn refuse(error: &clap::Error) -> ExitCode {
    let remedy = match (error.kind(), error.get(ContextKind::InvalidArg)) {
        (ErrorKind::UnknownArgument, Some(ContextValue::String(flag))) => tls::remedy(flag),
        _ => None,
    };
    match remedy {
        Some(remedy) => eprintln!("campanile: {remedy}"),
        // Whoever closed the stream does not read it.
        None => error.print().unwrap_or_default(),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// Runs an instance until a signal ends it. Whoever reads its standard error expects log lines, so that is how it says
/// what is wrong, too.
fn start(
    config: Config,
    flags: &CommonFlags,
    check: impl FnOnce() -> Result<(), Refused>,
) -> anyhow::Result<ExitCode> {
    logging::start(flags.log_encoding, flags.log_level).context(NO_LOG)?;
    if let Err(Refused { what, error }) = gates::load(&flags.feature_gates).and_then(|()| check()) {
        tracing::error!(error, "{what}");
        return Ok(ExitCode::from(1));
    }
    Ok(commands::run(config).unwrap_or_else(|error| {
        tracing::error!(error = format!("{error:#}"), "failed to start");
        ExitCode::from(1)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli_the_definition_is_sound_and_every_command_shows_an_example() {
        let cli = Cli::command();
        cli.clone().debug_assert();
        for command in cli.get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(help.contains("campanile "), "{} has no example", command.get_name());
        }
    }
}

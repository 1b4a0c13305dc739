//! Flags of `check`.

use std::path::PathBuf;

use campanile_watcher::Flux;

/// Flags of `check`.
#[derive(Debug, clap::Args)]
pub struct CheckFlags {
    /// Folders of manifests, files, or `-` for standard input. Together they are one set.
    #[arg(required = true, value_name = "PATH")]
    pub sources: Vec<PathBuf>,
    /// Fail on warnings, too.
    #[arg(long)]
    pub strict: bool,
    /// What a Provider or Secret is that is named and not among the manifests.
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "warn")]
    pub missing: Missing,
    /// A release of Flux whose own controller is to take the manifests as well.
    #[arg(long = "for", value_enum, value_name = "RELEASE")]
    pub target: Option<Target>,
    /// The instance that is to take the manifests runs with this flag: what names another namespace does not work.
    #[arg(long)]
    pub no_cross_namespace_refs: bool,
    /// Form of the findings.
    #[arg(short, long, value_enum, value_name = "FORM", default_value = "text")]
    pub output: Report,
}

/// How bad it is that something is not among the manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Missing {
    /// The manifests are all there is.
    Error,
    /// It may be elsewhere.
    Warn,
    /// It is elsewhere; encrypted Secrets are decrypted on their way.
    Ignore,
}

/// A release of Flux.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// Alert and Provider in v1beta3.
    #[value(name = "flux-2.9")]
    Flux2_9,
    /// Alert and Provider in v1, and in v1beta3.
    #[value(name = "flux-2.10")]
    Flux2_10,
}

impl Target {
    /// The release.
    pub(crate) fn flux(self) -> Flux {
        match self {
            Self::Flux2_9 => Flux::V2_9,
            Self::Flux2_10 => Flux::V2_10,
        }
    }
}

/// Form of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Report {
    /// A line each, and one that counts them.
    #[value(alias = "table")]
    Text,
    /// A list.
    Json,
    /// Annotations of GitHub Actions.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

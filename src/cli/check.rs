//! Flags of `check`.

use std::path::PathBuf;

use campanile_watcher::Flux;

/// Flags of the command `check`.
#[derive(Debug, clap::Args)]
pub struct CheckFlags {
    /// Folders of manifests, files, or `-` for standard input. Together they are one set.
    #[arg(required = true, value_name = "PATH")]
    pub sources: Vec<PathBuf>,
    /// Fail if there are warnings, too.
    #[arg(long)]
    pub strict: bool,
    /// What a Provider or Secret is that is named and not among the manifests.
    #[arg(long, value_enum, value_name = "LEVEL", default_value = "warn")]
    pub missing: Missing,
    /// A release of Flux whose own controller is to take the manifests as well.
    #[arg(long = "for", value_enum, value_name = "RELEASE")]
    pub target: Option<FluxRelease>,
    /// The instance that is to take the manifests runs with this flag: what names another namespace does not work.
    #[arg(long)]
    pub no_cross_namespace_refs: bool,
    /// Form in which findings are printed.
    #[arg(short, long, value_enum, value_name = "FORM", default_value = "text")]
    pub output: ReportForm,
}

/// The level of a finding that something is not among the manifests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Missing {
    /// The manifests are all there is.
    Error,
    /// Warn of it: it may be defined elsewhere.
    Warn,
    /// It is elsewhere; encrypted Secrets are decrypted on their way.
    Ignore,
}

/// A release of Flux that manifests are checked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FluxRelease {
    /// Alert and Provider in v1beta3.
    #[value(name = "flux-2.9")]
    Flux2_9,
    /// Alert and Provider in v1, and in v1beta3.
    #[value(name = "flux-2.10")]
    Flux2_10,
}

impl FluxRelease {
    /// The release as the checks know it.
    pub(crate) fn flux(self) -> Flux {
        match self {
            Self::Flux2_9 => Flux::V2_9,
            Self::Flux2_10 => Flux::V2_10,
        }
    }
}

/// A form in which findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportForm {
    /// A line each, and one that counts them.
    #[value(alias = "table")]
    Text,
    /// One JSON list of findings.
    Json,
    /// Annotations as GitHub Actions show them.
    Github,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
}

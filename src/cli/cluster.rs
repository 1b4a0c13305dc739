//! Flags of commands that look at a cluster, and take from it, with the rights of a kubeconfig.

use clap::Args;

use super::Output;

/// The namespace of Flux, where Campanile usually is.
const NAMESPACE: &str = "flux-system";

/// Flags of the command `preflight`.
#[derive(Debug, Args)]
pub struct PreflightFlags {
    /// Where Campanile is, or is to be.
    #[arg(short, long, value_name = "NAME", default_value = NAMESPACE)]
    pub namespace: String,
    /// Let warnings fail, too, not errors alone.
    #[arg(long)]
    pub strict: bool,
    /// Form of what is printed.
    #[arg(short, long, value_enum, value_name = "FORM", default_value = "table")]
    pub output: Output,
}

/// Flags of the command `uninstall`.
#[derive(Debug, Args)]
pub struct UninstallFlags {
    /// Where Campanile is, with all that it has there.
    #[arg(short, long, value_name = "NAME", default_value = NAMESPACE)]
    pub namespace: String,
    /// Say what would go, and delete nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Delete the kinds as well, and with them every Alert, Provider and Receiver of the cluster. Asks on standard input for their
    /// number, and refuses while a controller of Flux runs.
    #[arg(long)]
    pub delete_crds: bool,
}

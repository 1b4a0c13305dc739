//! Flags of the commands that explain, test and repair: `explain`, `send`, `redrive`.

use std::path::PathBuf;

use campanile_domain::ObjectKey;
use clap::{ArgGroup, Args};

use super::{Output, flags, gates};
use crate::ops::TestSeverity;

/// Flags of `explain`.
#[derive(Debug, Args)]
pub struct ExplainFlags {
    /// The event as a controller would post it: a file of JSON, or `-` for standard input.
    #[arg(long, value_name = "FILE")]
    pub event: PathBuf,
    /// Explain by these manifests, without an instance. Otherwise the running instance explains, by the manifests it
    /// reads and the flags it was started with.
    #[arg(long, value_name = "DIR")]
    pub manifests: Option<PathBuf>,
    /// Only this Alert.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object_key)]
    pub alert: Option<ObjectKey>,
    /// As for `run`: refuse events of other namespaces than the Alert's.
    #[arg(long, requires = "manifests")]
    pub no_cross_namespace_refs: bool,
    /// As for `run`: feature gates as NAME=true or NAME=false, comma separated.
    #[arg(long, value_name = "NAME=BOOL", value_delimiter = ',', value_parser = gates::parse_known, requires = "manifests")]
    pub feature_gates: Vec<(String, bool)>,
    /// `json` prints the whole answer.
    #[arg(short, long, value_enum, value_name = "FORM", default_value = "table")]
    pub output: Output,
    /// Address of the instance's operations API.
    #[arg(long, env = "CAMPANILE_ADMIN", default_value = flags::ADMIN, value_name = "HOST:PORT")]
    pub admin_addr: String,
}

impl ExplainFlags {
    /// Whether Providers may name a service account.
    pub fn object_level_workload_identity(&self) -> bool {
        gates::is_on(&self.feature_gates, gates::WORKLOAD_IDENTITY)
    }
}

/// Flags of `send`.
#[derive(Debug, Args)]
pub struct SendFlags {
    /// The Provider.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object_key)]
    pub provider: ObjectKey,
    /// How serious the test looks.
    #[arg(long, value_enum, default_value = "info")]
    pub severity: TestSeverity,
    /// The text, instead of one that says that it is a test.
    #[arg(long, value_name = "TEXT")]
    pub message: Option<String>,
    /// The revision it is about, as main@sha1:<40 hex>. Types that write commit statuses need it.
    #[arg(long, value_name = "REVISION")]
    pub revision: Option<String>,
    /// `json` prints the whole answer.
    #[arg(short, long, value_enum, value_name = "FORM", default_value = "table")]
    pub output: Output,
    /// Address of the instance's operations API.
    #[arg(long, env = "CAMPANILE_ADMIN", default_value = flags::ADMIN, value_name = "HOST:PORT")]
    pub admin_addr: String,
}

/// Flags of `redrive`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["ids", "provider"])))]
pub struct RedriveFlags {
    /// Ids of dead letters, as `campanile get dead` shows them, or any longer part of them from the beginning on.
    #[arg(value_name = "ID", value_parser = id)]
    pub ids: Vec<String>,
    /// All dead letters of this Provider.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object_key)]
    pub provider: Option<ObjectKey>,
    /// `json` prints the whole answer.
    #[arg(short, long, value_enum, value_name = "FORM", default_value = "table")]
    pub output: Output,
    /// Address of the instance's operations API.
    #[arg(long, env = "CAMPANILE_ADMIN", default_value = flags::ADMIN, value_name = "HOST:PORT")]
    pub admin_addr: String,
}

/// An id or the beginning of one: hexadecimal digits.
fn id(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("write an id as `campanile get dead` shows it".to_owned())
    }
}

/// A key as people write it.
pub(super) fn object_key(text: &str) -> Result<ObjectKey, String> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(ObjectKey::new(namespace, name))
        }
        _ => Err("write NAMESPACE/NAME".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Cli;
    use clap::Parser;

    fn usage(arguments: &str) -> Result<(), clap::error::ErrorKind> {
        let words = std::iter::once("campanile").chain(arguments.split(' '));
        Cli::try_parse_from(words).map(drop).map_err(|error| error.kind())
    }

    #[test]
    fn cli_redrive_takes_either_ids_or_a_provider() {
        use clap::error::ErrorKind::{ArgumentConflict, MissingRequiredArgument, ValueValidation};
        assert_eq!(usage("redrive 1 3f9a1c77"), Ok(()));
        assert_eq!(usage("redrive --provider apps/chat"), Ok(()));
        assert_eq!(usage("redrive"), Err(MissingRequiredArgument));
        assert_eq!(usage("redrive 1 --provider apps/chat"), Err(ArgumentConflict));
        assert_eq!(usage("redrive one"), Err(ValueValidation));
    }

    #[test]
    fn cli_objects_are_named_with_their_namespace() {
        use clap::error::ErrorKind::{MissingRequiredArgument, ValueValidation};
        assert_eq!(usage("send --provider apps/chat"), Ok(()));
        for wrong in ["chat", "/chat", "apps/", "a/b/c"] {
            assert_eq!(usage(&format!("send --provider {wrong}")), Err(ValueValidation), "{wrong}");
        }
        assert_eq!(
            usage("explain --event - --feature-gates ObjectLevelWorkloadIdentity=true"),
            Err(MissingRequiredArgument)
        );
    }
}

//! Flags of the commands that explain, test and repair: `explain`, `send`, `retry`, `redrive`, `drop`.

use std::path::PathBuf;

use campanile_domain::{ObjectKey, ObjectRef};
use clap::{ArgGroup, Args};

use super::{Output, flags, gates, object_key};
use crate::ops::TestSeverity;

/// Flags of the command `explain`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["object", "event", "delivery"])))]
pub struct ExplainFlags {
    /// The object of an event that is made up.
    #[arg(value_name = "KIND/NAMESPACE/NAME", value_parser = object_ref)]
    pub object: Option<ObjectRef>,
    /// The event: a file of JSON, or `-` for standard input. As a controller posts it, or a Kubernetes Event as
    /// `kubectl get event NAME -o json` prints it.
    #[arg(long, value_name = "FILE")]
    pub event: Option<PathBuf>,
    /// The event of a notification that waits in the running instance or was given up, by its id or the beginning of it, and
    /// what its Alert makes of it now.
    #[arg(long, value_name = "ID", value_parser = id, conflicts_with = "manifests")]
    pub delivery: Option<String>,
    /// Severity of the made up event.
    #[arg(long, value_enum, default_value = "info", conflicts_with_all = ["event", "delivery"])]
    pub severity: TestSeverity,
    /// Reason of the made up event.
    #[arg(long, value_name = "REASON", default_value = "ReconciliationSucceeded", conflicts_with_all = ["event", "delivery"])]
    pub reason: String,
    /// Message of the made up event, which the patterns of Alerts see.
    #[arg(long, value_name = "TEXT", default_value = "an event to explain", conflicts_with_all = ["event", "delivery"])]
    pub message: String,
    /// End with exit code 1 unless an Alert sends the event through this Provider. May be repeated.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object_key::parse)]
    pub expect: Vec<ObjectKey>,
    /// Explain by these manifests, without an instance. Otherwise the running instance explains, by the manifests it
    /// reads and the flags it was started with.
    #[arg(long, value_name = "DIR")]
    pub manifests: Option<PathBuf>,
    /// Explain this Alert and no other.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object_key::parse)]
    pub alert: Option<ObjectKey>,
    /// As for `run`: refuse events of other namespaces than the Alert's.
    #[arg(long, requires = "manifests")]
    pub no_cross_namespace_refs: bool,
    /// As for `run`: feature gates as NAME=true or NAME=false, comma separated. None changes what becomes of an event.
    #[arg(long, value_name = "NAME=BOOL", value_delimiter = ',', value_parser = gates::parse_known, requires = "manifests")]
    pub feature_gates: Vec<(String, bool)>,
    /// `json` prints the whole answer.
    #[arg(short, long, value_enum, value_name = "FORM", default_value = "table")]
    pub output: Output,
    /// Address of the instance's operations API.
    #[arg(long, env = "CAMPANILE_ADMIN", default_value = flags::ADMIN, value_name = "HOST:PORT")]
    pub admin_addr: String,
}

/// Flags of the command `send`.
#[derive(Debug, Args)]
pub struct SendFlags {
    /// Namespace and name of the Provider.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object_key::parse)]
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

/// Flags of the command `retry`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["ids", "provider"])))]
pub struct RetryFlags {
    /// Ids of waiting notifications, as `campanile get deliveries` shows them: the queues of their Providers are tried.
    #[arg(value_name = "ID", value_parser = id)]
    pub ids: Vec<String>,
    /// The Provider whose queue is tried.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object_key::parse)]
    pub provider: Option<ObjectKey>,
    /// `json` prints the whole answer.
    #[arg(short, long, value_enum, value_name = "FORM", default_value = "table")]
    pub output: Output,
    /// Address of the instance's operations API.
    #[arg(long, env = "CAMPANILE_ADMIN", default_value = flags::ADMIN, value_name = "HOST:PORT")]
    pub admin_addr: String,
}

/// Flags of `redrive` and `drop`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("which").required(true).args(["ids", "provider", "all"])))]
pub struct LetterFlags {
    /// Ids of dead letters, as `campanile get dead` shows them, or any longer part of them from the beginning on.
    #[arg(value_name = "ID", value_parser = id)]
    pub ids: Vec<String>,
    /// All dead letters of this Provider.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object_key::parse)]
    pub provider: Option<ObjectKey>,
    /// All dead letters of the instance.
    #[arg(long)]
    pub all: bool,
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

/// An object as `explain` shows it: its kind, namespace and name.
fn object_ref(text: &str) -> Result<ObjectRef, String> {
    match text.split('/').collect::<Vec<_>>()[..] {
        [kind, namespace, name] if ![kind, namespace, name].contains(&"") => Ok(ObjectRef {
            kind: kind.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            ..ObjectRef::default()
        }),
        _ => Err("write KIND/NAMESPACE/NAME, for example Kustomization/apps/web".to_owned()),
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
    fn cli_redrive_drop_and_retry_take_either_ids_or_a_provider() {
        use clap::error::ErrorKind::{ArgumentConflict, MissingRequiredArgument, ValueValidation};
        assert_eq!(usage("redrive 1 3f9a1c77"), Ok(()));
        assert_eq!(usage("redrive --provider apps/chat"), Ok(()));
        assert_eq!(usage("redrive"), Err(MissingRequiredArgument));
        assert_eq!(usage("redrive --all"), Ok(()));
        assert_eq!(usage("drop --all"), Ok(()));
        assert_eq!(usage("drop --all --provider apps/chat"), Err(ArgumentConflict));
        assert_eq!(usage("retry --provider apps/chat"), Ok(()));
        assert_eq!(usage("retry"), Err(MissingRequiredArgument));
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

    #[test]
    fn cli_explain_takes_an_event_or_the_object_of_one() {
        use clap::error::ErrorKind::{ArgumentConflict, MissingRequiredArgument, ValueValidation};
        assert_eq!(usage("explain Kustomization/apps/web --severity error --reason X"), Ok(()));
        assert_eq!(usage("explain"), Err(MissingRequiredArgument));
        assert_eq!(usage("explain apps/web"), Err(ValueValidation));
        assert_eq!(usage("explain Kustomization/apps/web --event -"), Err(ArgumentConflict));
        assert_eq!(usage("explain --event - --severity error"), Err(ArgumentConflict));
    }
}

//! Flags of `receive`.

use std::path::PathBuf;

use campanile_domain::ObjectKey;
use clap::{ArgGroup, Args};
use jiff::Timestamp;

use super::{Output, object_key};

/// Flags of the command `receive`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).args(["file", "url"])))]
pub struct ReceiveFlags {
    /// Namespace and name of the Receiver.
    #[arg(long, value_name = "NAMESPACE/NAME", value_parser = object_key::parse)]
    pub receiver: ObjectKey,
    /// Folder of manifests with the Receiver and its Secret, or `-` for standard input.
    #[arg(long, value_name = "DIR")]
    pub manifests: PathBuf,
    /// A captured request to judge: the lines of its head, an empty line, its body. The request line may be left out; with a
    /// `Content-Length`, what is behind the body does not count. Nothing is sent anywhere.
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Keys of the issuer (JWKS), for types that take tokens: nobody is asked for them.
    #[arg(long, value_name = "FILE", requires = "file")]
    pub jwks: Option<PathBuf>,
    /// When the request came, for tokens that have expired since; now if left out.
    #[arg(long, value_name = "TIME", requires = "file")]
    pub at: Option<Timestamp>,
    /// Print the address for the host's settings, and a line of curl that calls it.
    #[arg(long)]
    pub url: bool,
    /// What stands before the path: where the endpoint is reached from outside.
    #[arg(long, value_name = "URL", default_value = "https://webhooks.example.com", requires = "url")]
    pub base: String,
    /// Print the address as it is. Whoever knows it can call Receivers of some types.
    #[arg(long, requires = "url")]
    pub show_secrets: bool,
    /// `json` prints the whole answer.
    #[arg(short, long, value_enum, value_name = "FORM", default_value = "table")]
    pub output: Output,
}

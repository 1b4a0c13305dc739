//! What the process environment says about proxies and trusted certificates.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// Values of the environment variables that clients honour (contract, control plane 8.3 and providers 5).
///
/// `Debug` shows which are set, never their values: a proxy's URL may hold a password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `HTTP_PROXY` or `http_proxy`: proxy of http destinations.
    pub http_proxy: Option<String>,
    /// `HTTPS_PROXY` or `https_proxy`: proxy of https destinations.
    pub https_proxy: Option<String>,
    /// `NO_PROXY` or `no_proxy`: destinations that need no proxy.
    pub no_proxy: Option<String>,
    /// `SSL_CERT_FILE`: PEM file that replaces the system's trust store.
    pub cert_file: Option<PathBuf>,
    /// `SSL_CERT_DIR`: folders of PEM files that replace the system's trust store, separated as in `PATH`.
    pub cert_dir: Option<OsString>,
}

impl Environment {
    /// Reads the environment of this process. The upper-case variant of a variable wins; an empty one is not set.
    pub fn from_process() -> Self {
        let text = |upper: &str, lower: &str| {
            [upper, lower].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        };
        let raw = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            http_proxy: text("HTTP_PROXY", "http_proxy"),
            https_proxy: text("HTTPS_PROXY", "https_proxy"),
            no_proxy: text("NO_PROXY", "no_proxy"),
            cert_file: raw("SSL_CERT_FILE").map(PathBuf::from),
            cert_dir: raw("SSL_CERT_DIR"),
        }
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("http_proxy", &self.http_proxy.is_some())
            .field("https_proxy", &self.https_proxy.is_some())
            .field("no_proxy", &self.no_proxy)
            .field("cert_file", &self.cert_file)
            .field("cert_dir", &self.cert_dir)
            .finish()
    }
}

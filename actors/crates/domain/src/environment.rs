//! The environment variables of the process that the program follows: proxies, trusted certificates, clouds, and what some
//! types of Providers take from there (contract, control plane 8.3, providers 5 and 20).
//!
//! Whoever starts the program reads them, once; nothing else does.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// Values of the variables. The default is an environment without any of them.
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
    /// The variable `AZURE_TENANT_ID`: the controller's tenant.
    pub azure_tenant: Option<String>,
    /// The variable `AZURE_CLIENT_ID`: the controller's application.
    pub azure_client: Option<String>,
    /// The variable `AZURE_CLIENT_SECRET`: the application's secret.
    pub azure_secret: Option<String>,
    /// `AZURE_CLIENT_CERTIFICATE_PATH`: the application's certificate with its key.
    pub azure_certificate_file: Option<PathBuf>,
    /// `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN`: whether the authority trusts the certificate by its issuer.
    pub azure_sends_chain: bool,
    /// `AZURE_FEDERATED_TOKEN_FILE`: the token of Kubernetes that the authority trades.
    pub azure_token_file: Option<PathBuf>,
    /// `AZURE_AUTHORITY_HOST`: the authority that gives tokens; it also tells the cloud of an Event Hubs namespace that is
    /// given by its name alone.
    pub azure_authority: Option<String>,
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST`: the machine's metadata server.
    pub azure_machine: Option<String>,
    /// The variable `GOOGLE_APPLICATION_CREDENTIALS`: the file of the controller's credential.
    pub google_key_file: Option<PathBuf>,
    /// Where `gcloud auth application-default login` leaves a credential: below `CLOUDSDK_CONFIG`, or the home folder's
    /// `.config/gcloud`. It need not be there.
    pub google_well_known_file: Option<PathBuf>,
    /// `GCE_METADATA_HOST`: the machine's metadata server.
    pub google_machine: Option<String>,
    /// `PUBSUB_EMULATOR_HOST`: `HOST:PORT` of an emulator of Pub/Sub, as Google's own libraries call it.
    pub pubsub_emulator: Option<String>,
    /// `SENTRY_ENVIRONMENT`: the environment of events where `spec.channel` is empty.
    pub sentry_environment: Option<String>,
    /// `BITBUCKET_API_BASE_URL`: where the API of Bitbucket Cloud is, for tests and proxies (contract, providers 23.33).
    pub bitbucket_api: Option<String>,
}

impl Environment {
    /// The environment that `variable` reads. An empty value counts as none, and so does one that is no text where a text is wanted; of a
    /// proxy's two names the upper-case one wins.
    pub fn from(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let raw = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| raw(name).and_then(|value| value.into_string().ok());
        // Clouds' own libraries pass over white space around a value.
        let trimmed =
            |name: &str| text(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let path = |name: &str| trimmed(name).map(PathBuf::from);
        let gcloud = path("CLOUDSDK_CONFIG").or_else(|| path("HOME").map(|home| home.join(".config/gcloud")));
        Self {
            http_proxy: text("HTTP_PROXY").or_else(|| text("http_proxy")),
            https_proxy: text("HTTPS_PROXY").or_else(|| text("https_proxy")),
            no_proxy: text("NO_PROXY").or_else(|| text("no_proxy")),
            cert_file: raw("SSL_CERT_FILE").map(PathBuf::from),
            cert_dir: raw("SSL_CERT_DIR"),
            azure_tenant: trimmed("AZURE_TENANT_ID"),
            azure_client: trimmed("AZURE_CLIENT_ID"),
            azure_secret: trimmed("AZURE_CLIENT_SECRET"),
            azure_certificate_file: path("AZURE_CLIENT_CERTIFICATE_PATH"),
            azure_sends_chain: trimmed("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")
                .is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true")),
            azure_token_file: path("AZURE_FEDERATED_TOKEN_FILE"),
            azure_authority: trimmed("AZURE_AUTHORITY_HOST"),
            azure_machine: trimmed("AZURE_POD_IDENTITY_AUTHORITY_HOST"),
            google_key_file: path("GOOGLE_APPLICATION_CREDENTIALS"),
            google_well_known_file: gcloud.map(|folder| folder.join("application_default_credentials.json")),
            google_machine: trimmed("GCE_METADATA_HOST"),
            pubsub_emulator: text("PUBSUB_EMULATOR_HOST"),
            sentry_environment: text("SENTRY_ENVIRONMENT"),
            bitbucket_api: text("BITBUCKET_API_BASE_URL"),
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
            .field("azure_client", &self.azure_client)
            .field("azure_token_file", &self.azure_token_file)
            .field("google_key_file", &self.google_key_file)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Environment {
        Environment::from(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn an_empty_variable_counts_as_none_and_the_upper_case_name_wins() {
        let all_empty = Environment::from(|_| Some(OsString::new()));
        assert_eq!(all_empty, Environment::default());
        let both =
            read(&[("HTTP_PROXY", "http://upper"), ("http_proxy", "http://lower"), ("https_proxy", "x")]);
        assert_eq!(both.http_proxy.as_deref(), Some("http://upper"));
        assert_eq!(both.https_proxy.as_deref(), Some("x"));
    }

    #[test]
    fn the_login_of_gcloud_is_below_the_home_folder_unless_told_otherwise() {
        let file = |variables: &[(&str, &str)]| {
            read(variables).google_well_known_file.map(|file| file.display().to_string())
        };
        let name = "application_default_credentials.json";
        assert_eq!(file(&[("HOME", "/home/me")]), Some(format!("/home/me/.config/gcloud/{name}")));
        assert_eq!(
            file(&[("HOME", "/home/me"), ("CLOUDSDK_CONFIG", "/etc/g")]),
            Some(format!("/etc/g/{name}"))
        );
        assert_eq!(file(&[]), None);
    }

    #[test]
    fn no_secret_is_printed() {
        let shown = format!(
            "{:?}",
            read(&[("AZURE_CLIENT_SECRET", "hunter22"), ("HTTP_PROXY", "http://u:hunter22@p")])
        );
        assert!(!shown.contains("hunter22"), "{shown}");
    }
}

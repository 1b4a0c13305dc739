//! Who the controller itself is, as clouds tell a process through its environment.

use std::fmt;
use std::path::PathBuf;

use campanile_providers::identity::{azure, google};

/// The variables that clouds' own libraries read. Secrets among them are never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct CloudEnvironment {
    /// `AZURE_TENANT_ID`.
    pub azure_tenant: Option<String>,
    /// `AZURE_CLIENT_ID`.
    pub azure_client: Option<String>,
    /// `AZURE_CLIENT_SECRET`.
    pub azure_secret: Option<String>,
    /// `AZURE_CLIENT_CERTIFICATE_PATH`.
    pub azure_certificate_file: Option<PathBuf>,
    /// `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN`: whether the authority trusts the certificate by its issuer.
    pub azure_sends_chain: bool,
    /// `AZURE_FEDERATED_TOKEN_FILE`.
    pub azure_token_file: Option<PathBuf>,
    /// `AZURE_AUTHORITY_HOST`, or that of the public cloud.
    pub azure_authority: String,
    /// `AZURE_POD_IDENTITY_AUTHORITY_HOST`, or the usual address of the machine.
    pub azure_machine: String,
    /// `GOOGLE_APPLICATION_CREDENTIALS`.
    pub google_key_file: Option<PathBuf>,
    /// Where `gcloud auth application-default login` leaves a credential: below `CLOUDSDK_CONFIG`, or the home folder's
    /// `.config/gcloud`. It need not be there.
    pub google_well_known_file: Option<PathBuf>,
    /// `GCE_METADATA_HOST`, or the usual name of the machine.
    pub google_machine: String,
}

impl CloudEnvironment {
    /// The variables of this process.
    pub fn from_process() -> Self {
        Self::from(|name| std::env::var(name).ok())
    }

    /// The application that the controller is at Azure, where the environment names one.
    pub(super) fn azure_application(&self) -> Option<azure::Application> {
        let (tenant, client) = self.azure_tenant.clone().zip(self.azure_client.clone())?;
        Some(azure::Application { tenant, client })
    }

    /// What `variable` says; an empty value counts as none.
    pub fn from(variable: impl Fn(&str) -> Option<String>) -> Self {
        let value =
            |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let or = |name: &str, usual: &str| value(name).unwrap_or_else(|| usual.to_owned());
        Self {
            azure_tenant: value("AZURE_TENANT_ID"),
            azure_client: value("AZURE_CLIENT_ID"),
            azure_secret: value("AZURE_CLIENT_SECRET"),
            azure_certificate_file: value("AZURE_CLIENT_CERTIFICATE_PATH").map(PathBuf::from),
            azure_sends_chain: value("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN")
                .is_some_and(|text| text == "1" || text.eq_ignore_ascii_case("true")),
            azure_token_file: value("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from),
            azure_authority: or("AZURE_AUTHORITY_HOST", azure::AUTHORITY),
            azure_machine: or("AZURE_POD_IDENTITY_AUTHORITY_HOST", azure::MACHINE),
            google_key_file: value("GOOGLE_APPLICATION_CREDENTIALS").map(PathBuf::from),
            google_well_known_file: value("CLOUDSDK_CONFIG")
                .map(PathBuf::from)
                .or_else(|| value("HOME").map(|home| PathBuf::from(home).join(".config/gcloud")))
                .map(|folder| folder.join("application_default_credentials.json")),
            google_machine: or("GCE_METADATA_HOST", google::MACHINE),
        }
    }
}

impl fmt::Debug for CloudEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudEnvironment")
            .field("azure_client", &self.azure_client)
            .field("azure_token_file", &self.azure_token_file)
            .field("google_key_file", &self.google_key_file)
            .finish_non_exhaustive()
    }
}

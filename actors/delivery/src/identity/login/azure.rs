//! Tokens of Azure: as a service account of Kubernetes, or as the controller.

use std::path::Path;

use campanile_domain::{Failure, ObjectKey};
use campanile_providers::identity::{Granted, azure, granted};
use campanile_providers::{Cloud, IdentityProblem};

use super::{CloudEnvironment, Login, no_identity, no_random_numbers};
use crate::identity::file::{read, read_text};

impl Login<'_> {
    pub(super) async fn azure_as(
        &self,
        cloud: Cloud,
        scope: &str,
        account: &ObjectKey,
    ) -> Result<Granted, Failure> {
        let application = azure::application(account, &self.annotations(account).await?)?;
        let jwt = self.kubernetes_token(account, azure::AUDIENCE).await?;
        let (authority, proof) = (&self.environment().azure_authority, azure::Proof::Assertion(&jwt));
        let request = azure::exchange(authority, &application, scope, &proof)?;
        self.grant(cloud, &request, &[&jwt]).await
    }

    /// A secret, else a certificate, else the token that Kubernetes has put into a file, else the machine's identity: the
    /// order of Azure's own libraries (`DefaultAzureCredential`, `EnvironmentCredential`).
    pub(super) async fn azure(&self, cloud: Cloud, scope: &str) -> Result<Granted, Failure> {
        let CloudEnvironment { azure_secret, azure_certificate_file, azure_token_file, .. } =
            self.environment();
        let Some(application) = self.environment().azure_application() else {
            return self.azure_machine(cloud, scope).await;
        };
        let (proof, secret): (fn(&str) -> azure::Proof<'_>, String) =
            match (azure_secret, azure_certificate_file, azure_token_file) {
                (Some(secret), _, _) => (|text| azure::Proof::Secret(text), secret.clone()),
                (None, Some(file), _) => {
                    (|text| azure::Proof::Assertion(text), self.azure_assertion(&application, file).await?)
                }
                (None, None, Some(file)) => (|text| azure::Proof::Assertion(text), read_text(file).await?),
                (None, None, None) => return self.azure_machine(cloud, scope).await,
            };
        let authority = &self.environment().azure_authority;
        let request = azure::exchange(authority, &application, scope, &proof(&secret))?;
        self.grant(cloud, &request, &[&secret]).await
    }

    async fn azure_assertion(
        &self,
        application: &azure::Application,
        file: &Path,
    ) -> Result<String, Failure> {
        let (environment, now) = (self.environment(), self.parts().clock.now());
        let url = azure::token_url(&environment.azure_authority, application)?;
        let unusable = |problem| IdentityProblem::Certificate { file: file.display().to_string(), problem };
        let certificate = azure::Certificate::parse(&read(file).await?).map_err(unusable)?;
        let signed = certificate.assertion(application, &url, environment.azure_sends_chain, now);
        signed.ok_or_else(no_random_numbers)
    }

    async fn azure_machine(&self, cloud: Cloud, scope: &str) -> Result<Granted, Failure> {
        let environment = self.environment();
        let client = environment.azure_client.as_deref();
        let request = azure::of_machine(&environment.azure_machine, scope, client);
        let answer = self.requests.ask_machine(&request).await.map_err(|failure| no_identity(&failure))?;
        granted(cloud, &answer, &[], self.parts().clock.now())
    }
}

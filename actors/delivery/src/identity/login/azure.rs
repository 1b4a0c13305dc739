//! Tokens of Azure: as a service account of Kubernetes, or as the controller.

use std::path::Path;

use campanile_domain::{Environment, Failure, ObjectKey};
use campanile_providers::identity::credential::Author;
use campanile_providers::identity::{azure, granted, token_wishes};
use campanile_providers::{AccessToken, Cloud, IdentityError};

use super::{TokenRoute, no_identity, no_random_numbers};
use crate::identity::file::{read, read_text};

impl TokenRoute<'_> {
    pub(super) async fn azure_as(
        &self,
        cloud: Cloud,
        scope: &str,
        account: &ObjectKey,
    ) -> Result<AccessToken, Failure> {
        let wishes = token_wishes(account, self.annotations)?;
        let application = azure::application(account, self.annotations)?;
        let jwt = self.kubernetes_token(account, azure::AUDIENCE, wishes).await?;
        let (authority, proof) = (self.authority(), azure::Proof::Assertion(&jwt));
        let request = azure::exchange(authority, &application, scope, &proof)?;
        self.grant(cloud, &request, &[&jwt]).await
    }

    /// A secret, else a certificate, else the token that Kubernetes has put into a file, else the machine's identity: the
    /// order of Azure's own libraries (`DefaultAzureCredential`, `EnvironmentCredential`).
    pub(super) async fn azure(&self, cloud: Cloud, scope: &str) -> Result<AccessToken, Failure> {
        let Environment { azure_secret, azure_certificate_file, azure_token_file, .. } = self.environment();
        let Some(application) = self.application() else {
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
        let request = azure::exchange(self.authority(), &application, scope, &proof(&secret))?;
        self.grant(cloud, &request, &[&secret]).await
    }

    /// The authority that gives tokens: that of the public cloud, unless the environment names another.
    fn authority(&self) -> &str {
        self.environment().azure_authority.as_deref().unwrap_or(azure::AUTHORITY)
    }

    /// The application that the controller is at Azure, where the environment names one.
    fn application(&self) -> Option<azure::Application> {
        let Environment { azure_tenant, azure_client, .. } = self.environment();
        let (tenant, client) = azure_tenant.clone().zip(azure_client.clone())?;
        Some(azure::Application { tenant, client })
    }

    async fn azure_assertion(
        &self,
        application: &azure::Application,
        file: &Path,
    ) -> Result<String, Failure> {
        let (environment, now) = (self.environment(), self.parts().clock.now());
        let url = azure::token_url(self.authority(), application)?;
        let unusable = |problem| IdentityError::Certificate { file: file.display().to_string(), problem };
        let certificate = azure::Certificate::parse(&read(file).await?).map_err(unusable)?;
        let signed = certificate.assertion(application, &url, environment.azure_sends_chain, now);
        signed.ok_or_else(no_random_numbers)
    }

    async fn azure_machine(&self, cloud: Cloud, scope: &str) -> Result<AccessToken, Failure> {
        let environment = self.environment();
        let machine = environment.azure_machine.as_deref().unwrap_or(azure::MACHINE);
        let client = environment.azure_client.as_deref();
        let request = azure::of_machine(machine, scope, client);
        let answer = self
            .requests
            .ask_machine(&request, Author::Operator)
            .await
            .map_err(|failure| no_identity(&failure))?;
        granted(cloud, &answer, &[], self.parts().clock.now())
    }
}

//! Tokens of Google Cloud: as a service account of Kubernetes, by a Secret's credential, or as the controller.

use std::path::Path;

use campanile_domain::{Environment, Failure, FailureClass, ObjectKey, Response};
use campanile_providers::identity::credential::{Author, TokenOrigin};
use campanile_providers::identity::google::{self, Gke, TokenExchange, federation};
use campanile_providers::identity::{granted, token_wishes};
use campanile_providers::{AccessToken, Cloud, Credential, IdentityError};

use super::{TokenRoute, config, no_identity, no_random_numbers};
use crate::identity::file::{read, read_if_there, read_text};

/// Why a Secret may not name what is the controller's.
const LOCKED_DOWN: &str = "the Secret's 'credential_source' names a file or an address of the controller's own machine, which \
                           multi-tenant lock-down (--default-service-account) forbids; use spec.serviceAccountName";

impl TokenRoute<'_> {
    pub(super) async fn google_as(&self, account: &ObjectKey) -> Result<AccessToken, Failure> {
        let wishes = token_wishes(account, self.annotations)?;
        let federation = federation(account, self.annotations)?;
        let exchange = match &federation.provider {
            Some(provider) => TokenExchange::with(provider),
            None if wishes.audiences.is_empty() => TokenExchange::within(&self.gke().await?),
            None => return Err(IdentityError::GkeAudiences(account.clone()).into()),
        };
        let jwt = self.kubernetes_token(account, &exchange.kubernetes_audience, wishes).await?;
        let request = exchange.request(&jwt, federation.account.is_some());
        let own = self.grant(Cloud::Google, &request, &[&jwt]).await?;
        match &federation.account {
            None => Ok(own),
            Some(email) => {
                let request = google::act_as(email, &own.value);
                self.grant(Cloud::Google, &request, &[&own.value]).await
            }
        }
    }

    /// The Secret's credential, else the one in a file, else the machine's service account.
    pub(super) async fn google(&self) -> Result<AccessToken, Failure> {
        if let Some(credential) = self.credential {
            return self.google_by(credential).await;
        }
        if let Some(credential) = self.google_file().await? {
            return self.google_by(&credential).await;
        }
        let request = google::token_of_machine(self.metadata_server());
        let answer = self
            .requests
            .ask_machine(&request, Author::Operator)
            .await
            .map_err(|failure| no_identity(&failure))?;
        granted(Cloud::Google, &answer, &[], self.parts().clock.now())
    }

    /// The application default credential: the file that the environment names, else the one at its usual place, if there
    /// is one.
    async fn google_file(&self) -> Result<Option<Credential>, Failure> {
        let Environment { google_key_file, google_well_known_file, .. } = self.environment();
        let (file, text) = match (google_key_file, google_well_known_file) {
            (Some(file), _) => (file, read(file).await?),
            (None, Some(file)) => match read_if_there(file).await? {
                Some(text) => (file, text),
                None => return Ok(None),
            },
            (None, None) => return Ok(None),
        };
        let unusable =
            |problem| IdentityError::Credential { file: file.display().to_string(), problem }.into();
        Credential::parse(&text, Author::Operator).map(Some).map_err(unusable)
    }

    async fn google_by(&self, credential: &Credential) -> Result<AccessToken, Failure> {
        let subject = match credential.source() {
            Some(source) => self.subject(credential, source).await?,
            None => String::new(),
        };
        let (request, secrets) =
            credential.request(&subject, self.parts().clock.now()).ok_or_else(no_random_numbers)?;
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let mut token = self.grant(Cloud::Google, &request, &secrets).await?;
        for act in credential.acts() {
            token = self.grant(Cloud::Google, &act.request(&token.value), &[&token.value]).await?;
        }
        let quota_project = credential.quota_project().map(str::to_owned);
        Ok(AccessToken { quota_project, ..token })
    }

    /// The token that is to be exchanged. Under multi-tenant lock-down a Secret's author gets no token of the controller's
    /// own: neither from its files nor from its machine.
    async fn subject(&self, credential: &Credential, source: TokenOrigin<'_>) -> Result<String, Failure> {
        let is_tenants = self.credential.is_some() && !self.parts().config.default_account.is_empty();
        let text = match source {
            TokenOrigin::File(_) | TokenOrigin::Address { is_local: true, .. } if is_tenants => {
                return Err(config(LOCKED_DOWN));
            }
            TokenOrigin::File(file) => read_text(Path::new(file)).await?,
            TokenOrigin::Address { request, is_local } => {
                let answer = match (is_tenants, is_local) {
                    (true, _) => {
                        self.requests.ask_guarded(request).await?.ok_or_else(|| config(LOCKED_DOWN))?
                    }
                    (false, true) => self.requests.ask_machine(request, self.author()).await?,
                    (false, false) => self.requests.ask(request, self.author()).await?,
                };
                source_text(&answer)?
            }
        };
        let absent = "failed to get token: the file or address of 'credential_source' holds no token; correct its 'format'";
        credential.subject(&text).ok_or_else(|| Failure::new(FailureClass::Garbled, absent))
    }

    /// The machine's cluster; asked for until all of it is known.
    async fn gke(&self) -> Result<Gke, Failure> {
        if let Some(known) = self.requests.service.gke.lock().clone() {
            return Ok(known);
        }
        let gke = Gke {
            project: self.fact("project/project-id").await?,
            location: self.fact("instance/attributes/cluster-location").await?,
            cluster: self.fact("instance/attributes/cluster-name").await?,
        };
        *self.requests.service.gke.lock() = Some(gke.clone());
        Ok(gke)
    }

    /// The machine's metadata server: the usual one, unless the environment names another.
    fn metadata_server(&self) -> &str {
        self.environment().google_machine.as_deref().unwrap_or(google::MACHINE)
    }

    async fn fact(&self, path: &str) -> Result<String, Failure> {
        let request = google::of_machine(self.metadata_server(), path);
        let answer = self
            .requests
            .ask_machine(&request, Author::Operator)
            .await
            .map_err(|failure| no_identity(&failure))?;
        let text = str::from_utf8(&answer.body).unwrap_or_default().trim();
        let is_word = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.is_empty();
        if answer.status == 200 && is_word {
            return Ok(text.to_owned());
        }
        let status = answer.status;
        let text = format!(
            "failed to get token: the metadata server answered {status} for {path}; outside of GKE annotate the service \
             account with gcp.auth.fluxcd.io/workload-identity-provider"
        );
        Err(Failure::new(FailureClass::Config, text))
    }
}

/// The body of an answer that may hold a token; it is in no text.
fn source_text(answer: &Response) -> Result<String, Failure> {
    let status = answer.status;
    if status != 200 {
        let class = if status >= 500 { FailureClass::Server } else { FailureClass::Config };
        let text =
            format!("failed to get token: the address of 'credential_source' answered {status}; correct it");
        return Err(Failure::new(class, text));
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

//! The ways to a token, cloud by cloud: as a service account of Kubernetes, or as the controller itself.

use std::io::Read;
use std::path::{Path, PathBuf};

use actix::Message;
use actix_rt::task::spawn_blocking;
use actix_rt::time::timeout;
use campanile_domain::{Failure, FailureClass, ObjectKey, Request};
use campanile_protocol::{AccountError, ReadServiceAccount, RequestToken};
use campanile_providers::Cloud;
use campanile_providers::identity::google::{AccountKey, Exchange, FileFederation, Gke, KeyFile, federation};
use campanile_providers::identity::{Annotations, Granted, azure, google, granted};
use campanile_supervision::Link;

use super::carrier::CloudCarrier;
use super::{CloudEnvironment, CloudsParts, PATIENCE};

/// Longest file with a token or a key, in bytes.
const LONGEST_FILE: u64 = 64 * 1024;

/// One way to a token.
pub(super) struct Login<'a> {
    pub(super) carrier: &'a CloudCarrier,
    /// None is the controller itself.
    pub(super) account: Option<&'a ObjectKey>,
}

impl Login<'_> {
    pub(super) async fn token(&self, cloud: Cloud) -> Result<Granted, Failure> {
        match (cloud, self.account) {
            (Cloud::Azure { scope }, Some(account)) => self.azure_as(cloud, scope, account).await,
            (Cloud::Azure { scope }, None) => self.azure(cloud, scope).await,
            (Cloud::Google, Some(account)) => self.google_as(account).await,
            (Cloud::Google, None) => self.google().await,
        }
    }

    fn parts(&self) -> &CloudsParts {
        &self.carrier.desk.parts
    }

    fn environment(&self) -> &CloudEnvironment {
        &self.parts().environment
    }

    /// Sends `request`, whose `secrets` must not be shown, and reads the token in the answer.
    async fn grant(&self, cloud: Cloud, request: &Request, secrets: &[&str]) -> Result<Granted, Failure> {
        let response = self.carrier.ask(request).await?;
        granted(cloud, &response, secrets, self.parts().clock.now())
    }

    async fn azure_as(&self, cloud: Cloud, scope: &str, account: &ObjectKey) -> Result<Granted, Failure> {
        let application = azure::application(account, &self.annotations(account).await?)?;
        let jwt = self.kubernetes_token(account, azure::AUDIENCE).await?;
        let (authority, proof) = (&self.environment().azure_authority, azure::Proof::Assertion(&jwt));
        let request = azure::exchange(authority, &application, scope, &proof)?;
        self.grant(cloud, &request, &[&jwt]).await
    }

    /// A secret, else the token that Kubernetes has put into a file, else the machine's identity.
    async fn azure(&self, cloud: Cloud, scope: &str) -> Result<Granted, Failure> {
        let environment = self.environment();
        let authority = &environment.azure_authority;
        let named = environment.azure_tenant.clone().zip(environment.azure_client.clone());
        let application = named.map(|(tenant, client)| azure::Application { tenant, client });
        match (&application, &environment.azure_secret, &environment.azure_token_file) {
            (Some(application), Some(secret), _) => {
                let request = azure::exchange(authority, application, scope, &azure::Proof::Secret(secret))?;
                self.grant(cloud, &request, &[secret]).await
            }
            (Some(application), None, Some(file)) => {
                let jwt = read_text(file).await?;
                let request = azure::exchange(authority, application, scope, &azure::Proof::Assertion(&jwt))?;
                self.grant(cloud, &request, &[&jwt]).await
            }
            _ => {
                let client = environment.azure_client.as_deref();
                let request = azure::of_machine(&environment.azure_machine, scope, client);
                let answer =
                    self.carrier.ask_machine(&request).await.map_err(|failure| no_identity(&failure))?;
                granted(cloud, &answer, &[], self.parts().clock.now())
            }
        }
    }

    async fn google_as(&self, account: &ObjectKey) -> Result<Granted, Failure> {
        let federation = federation(account, &self.annotations(account).await?)?;
        let exchange = match &federation.provider {
            Some(provider) => Exchange::with(provider),
            None => Exchange::within(&self.gke().await?),
        };
        let jwt = self.kubernetes_token(account, &exchange.kubernetes_audience).await?;
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

    /// The key in a file, else the machine's service account.
    async fn google(&self) -> Result<Granted, Failure> {
        let Some(file) = &self.environment().google_key_file else {
            let request = google::token_of_machine(&self.environment().google_machine);
            let answer = self.carrier.ask_machine(&request).await.map_err(|failure| no_identity(&failure))?;
            return granted(Cloud::Google, &answer, &[], self.parts().clock.now());
        };
        match KeyFile::parse(read_text(file).await?.as_bytes())? {
            KeyFile::Account(key) => self.google_by_key(&key).await,
            KeyFile::Federation(federation) => self.google_by_file(&federation).await,
        }
    }

    async fn google_by_key(&self, key: &AccountKey) -> Result<Granted, Failure> {
        let signed = key.request(self.parts().clock.now());
        let (request, assertion) = signed.ok_or_else(|| {
            Failure::new(FailureClass::Garbled, "failed to get token: the system gave no random numbers")
        })?;
        self.grant(Cloud::Google, &request, &[&assertion]).await
    }

    async fn google_by_file(&self, federation: &FileFederation) -> Result<Granted, Failure> {
        let subject = read_text(Path::new(federation.file())).await?;
        let own = self.grant(Cloud::Google, &federation.request(&subject), &[&subject]).await?;
        match federation.act(&own.value) {
            None => Ok(own),
            Some(request) => self.grant(Cloud::Google, &request, &[&own.value]).await,
        }
    }

    /// The machine's cluster; asked for until all of it is known.
    async fn gke(&self) -> Result<Gke, Failure> {
        if let Some(known) = self.carrier.desk.gke.lock().clone() {
            return Ok(known);
        }
        let gke = Gke {
            project: self.fact("project/project-id").await?,
            location: self.fact("instance/attributes/cluster-location").await?,
            cluster: self.fact("instance/attributes/cluster-name").await?,
        };
        *self.carrier.desk.gke.lock() = Some(gke.clone());
        Ok(gke)
    }

    async fn fact(&self, path: &str) -> Result<String, Failure> {
        let request = google::of_machine(&self.environment().google_machine, path);
        let answer = self.carrier.ask_machine(&request).await.map_err(|failure| no_identity(&failure))?;
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

    async fn annotations(&self, account: &ObjectKey) -> Result<Annotations, Failure> {
        self.watcher(&self.parts().accounts, ReadServiceAccount(account.clone())).await
    }

    async fn kubernetes_token(&self, account: &ObjectKey, audience: &str) -> Result<String, Failure> {
        let request = RequestToken { account: account.clone(), audience: audience.to_owned() };
        self.watcher(&self.parts().tokens, request).await
    }

    async fn watcher<M, T>(&self, link: &Link<M>, message: M) -> Result<T, Failure>
    where
        M: Message<Result = Result<T, AccountError>> + Send + 'static,
        T: Send + 'static,
    {
        let later =
            |text: &str| Failure::new(FailureClass::Connection, format!("failed to get token: {text}"));
        match timeout(PATIENCE, link.ask(message)).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(error))) => Err(self.refused(&error)),
            Ok(Err(_)) => Err(later("the watcher is being restarted")),
            Err(_) => Err(later("Kubernetes does not answer")),
        }
    }

    fn refused(&self, error: &AccountError) -> Failure {
        let class = match error {
            AccountError::Unreachable { .. } => FailureClass::Connection,
            AccountError::NotFound(_) | AccountError::Refused { .. } | AccountError::NoCluster(_) => {
                FailureClass::Config
            }
        };
        let default = &self.parts().config.default_account;
        let is_default =
            matches!(error, AccountError::NotFound(key) if key.name.as_ref() == default.as_str());
        let more = match is_default {
            true => {
                ": multi-tenant lock-down wants the service account of --default-service-account in each namespace"
            }
            false => "",
        };
        Failure::new(class, format!("failed to get token: {error}{more}"))
    }
}

/// Without an identity of its own a machine has nobody at that address.
fn no_identity(failure: &Failure) -> Failure {
    let text = format!(
        "{failure}; no identity is configured for the controller: set spec.serviceAccountName, or give the controller one"
    );
    Failure::new(failure.class, text)
}

async fn read_text(path: &Path) -> Result<String, Failure> {
    let (shown, path) = (path.display().to_string(), PathBuf::from(path));
    let read = spawn_blocking(move || {
        let mut text = String::new();
        std::fs::File::open(path)?.take(LONGEST_FILE).read_to_string(&mut text).map(|_| text)
    });
    let failed = |cause: String| {
        Failure::new(FailureClass::Config, format!("failed to get token: read {shown}: {cause}; mount it"))
    };
    match read.await {
        Ok(Ok(text)) => Ok(text.trim().to_owned()),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

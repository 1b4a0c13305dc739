//! The sender of one exchange's requests, with a token where the Provider has an identity instead of credentials.

use campanile_domain::{Failure, HOPS_HEADER, Masker, Request, Response, Verdict};
use campanile_providers::{BuiltProvider, Identity};
use campanile_transport::BodyUse;

use crate::{Carrier, Obtained, TokenSource};

/// What says that a token is not taken: 401, and the sign-in page of Azure DevOps.
const NOT_TAKEN: &[u16] = &[401, 203];

/// Who pays for a request to Google (Google, "Set the quota project", REST).
const QUOTA_PROJECT: &str = "x-goog-user-project";

/// Sends the requests of one exchange.
pub(crate) struct RequestSender<'a> {
    endpoint: &'a BuiltProvider,
    carrier: &'a dyn Carrier,
    tokens: &'a dyn TokenSource,
    /// The token of this exchange, once one was needed.
    obtained: Option<Obtained>,
    /// How often its event was forwarded, for whoever takes it in.
    hops: Option<String>,
}

impl<'a> RequestSender<'a> {
    pub(crate) fn new(
        endpoint: &'a BuiltProvider,
        carrier: &'a dyn Carrier,
        tokens: &'a dyn TokenSource,
    ) -> Self {
        Self { endpoint, carrier, tokens, obtained: None, hops: None }
    }

    /// The same sender, which tells with every request how often its event was forwarded, if it forwards one.
    pub(crate) fn forwarding(self, hops: Option<String>) -> Self {
        Self { hops, ..self }
    }

    /// Sends `request`. A kept token that is not taken is replaced once, at once.
    pub(crate) async fn send(&mut self, mut request: Request) -> Result<Response, Failure> {
        // Behind all others, so that it replaces what a Secret says.
        let hops = self.hops.iter().map(|hops| (HOPS_HEADER.to_owned(), hops.clone()));
        request.headers.extend(hops);
        let Some(identity) = self.endpoint.provider.identity() else {
            return self.carrier.send(&request, self.wanted()).await;
        };
        let answer = self.send_as(identity, &request).await?;
        let is_new = self.obtained.as_ref().is_none_or(|obtained| obtained.is_new);
        if !NOT_TAKEN.contains(&answer.status) {
            return Ok(answer);
        }
        if let Some(obtained) = self.obtained.take() {
            self.tokens.forget(identity, &obtained.token);
            if is_new {
                // It is not used again, but still to be kept out of texts.
                self.obtained = Some(obtained);
                return Ok(answer);
            }
        }
        self.send_as(identity, &request).await
    }

    async fn send_as(&mut self, identity: &Identity, request: &Request) -> Result<Response, Failure> {
        let obtained = match self.obtained.take() {
            Some(obtained) => obtained,
            None => {
                let answer = self.tokens.token(identity).await;
                answer.map_err(|failure| identity.without_token(&failure))?
            }
        };
        let token = &obtained.token;
        let mut request = request.clone();
        request.headers.push(("Authorization".to_owned(), identity.authorization(&token.value)));
        let project = token.quota_project.iter().map(|project| (QUOTA_PROJECT.to_owned(), project.clone()));
        request.headers.extend(project);
        self.obtained = Some(obtained);
        self.carrier.send(&request, self.wanted()).await
    }

    /// What the type needs of a success.
    fn wanted(&self) -> BodyUse {
        if self.endpoint.provider.reads_success() { BodyUse::Body } else { BodyUse::Status }
    }

    /// What the transport says names host and port only, but the host itself may be part of a secret address.
    pub(crate) fn masked(&self, failure: &Failure) -> Failure {
        Failure::masked(failure.class, &failure.message, &self.masker())
    }

    /// Blots the token out of what quotes a destination.
    pub(crate) fn told(&self, verdict: Verdict) -> Verdict {
        if self.obtained.is_none() {
            return verdict;
        }
        match verdict {
            Verdict::Failed(failure) => Verdict::Failed(self.masked(&failure)),
            Verdict::RetryAfter(pause, failure) => Verdict::RetryAfter(pause, self.masked(&failure)),
            Verdict::Delivered | Verdict::Skipped => verdict,
        }
    }

    fn masker(&self) -> Masker {
        let (masker, identity) = (&self.endpoint.masker, self.endpoint.provider.identity());
        match (&self.obtained, identity) {
            (Some(Obtained { token, .. }), Some(identity)) => {
                let header = identity.authorization(&token.value);
                let value = header.split(' ').next_back().unwrap_or_default();
                masker.with([token.value.as_str(), value])
            }
            _ => Masker::clone(masker),
        }
    }
}

//! Tokens of senders, reviewed by the API server (TokenReview API, `authentication.k8s.io/v1`).
//!
//! Request and answer hold the token, so that neither is handed to a library that logs what it cannot read.

use std::time::Duration;

use campanile_domain::ObjectKey;
use campanile_protocol::{ReviewError, ReviewToken, TokenOwner};
use kube::Client;
use serde::Deserialize;
use serde_json::json;

use super::peers::ClusterPeers;
use super::trouble;

const PATH: &str = "/apis/authentication.k8s.io/v1/tokenreviews";

/// How long one review may take. Senders give up after five seconds, of which storing an event may take three.
const PATIENCE: Duration = Duration::from_millis(1500);

/// What a review is about, in the list of troubles.
const ABOUT: &str = "tokens of senders";

const AIM: &str = "review the tokens of senders";

/// What the roles of the base do not grant, and what does.
const REMEDY: &str = "grant it with deploy/event-auth";

/// What comes before namespace and name in the user name of a service account.
const ACCOUNT: &str = "system:serviceaccount:";

/// Whose a token is. That no token can be reviewed, or that it works again, is told as a trouble.
pub(super) async fn review(
    client: Option<Client>,
    peers: ClusterPeers,
    request: ReviewToken,
) -> Result<TokenOwner, ReviewError> {
    let Some(client) = client else {
        return Err(ReviewError::Unavailable("there is no connection to the API server yet".to_owned()));
    };
    let asked = tokio::time::timeout(PATIENCE, ask(&client, &request)).await;
    let silent = || {
        let seconds = PATIENCE.as_secs_f32();
        Err(format!("failed to {AIM}: the API server does not answer within {seconds} s; it is tried again"))
    };
    match asked.unwrap_or_else(|_| silent()) {
        Ok(owner) => {
            peers.trouble(ABOUT, None);
            Ok(owner)
        }
        Err(text) => {
            peers.trouble(ABOUT, Some(text.clone()));
            Err(ReviewError::Unavailable(text))
        }
    }
}

/// Reviews what is nobody's token, so that a missing right is told before the first sender meets it.
pub(super) async fn trial(client: Client, peers: ClusterPeers, audience: String) {
    let request = ReviewToken { token: "none".to_owned(), audience };
    // What there is to say stands among the troubles.
    drop(review(Some(client), peers, request).await);
}

async fn ask(client: &Client, ReviewToken { token, audience }: &ReviewToken) -> Result<TokenOwner, String> {
    let body = json!({
        "apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview",
        "spec": { "token": token, "audiences": [audience] },
    });
    let request = http::Request::post(PATH).header(http::header::CONTENT_TYPE, "application/json");
    let request =
        request.body(body.to_string().into_bytes()).map_err(|error| format!("failed to {AIM}: {error}"))?;
    let answer = client.request_text(request).await.map_err(|error| describe(&error))?;
    let review: Review =
        serde_json::from_str(&answer).map_err(|error| describe(&kube::Error::SerdeError(error)))?;
    Ok(review.status.owner(audience))
}

fn describe(error: &kube::Error) -> String {
    let text = trouble::describe(AIM, error);
    if trouble::is_forbidden(trouble::code_of(error)) { format!("{text}; {REMEDY}") } else { text }
}

/// The part of the answer that counts.
#[derive(Deserialize)]
struct Review {
    status: Status,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    authenticated: bool,
    audiences: Vec<String>,
    user: User,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct User {
    username: String,
}

impl Status {
    /// An authenticator that knows no audiences leaves them out: its token may be meant for anybody, so it does not count.
    fn owner(self, audience: &str) -> TokenOwner {
        if !self.authenticated || !self.audiences.iter().any(|known| known == audience) {
            return TokenOwner::Nobody;
        }
        let account = self.user.username.strip_prefix(ACCOUNT).and_then(|account| account.split_once(':'));
        match account {
            Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains(':') => {
                TokenOwner::Account(ObjectKey::new(namespace, name))
            }
            _ => TokenOwner::User,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(status: &serde_json::Value) -> TokenOwner {
        serde_json::from_value::<Review>(json!({ "status": status })).unwrap().status.owner("campanile")
    }

    #[test]
    fn issue_17_only_a_token_for_this_audience_is_somebodys() {
        let user = json!({ "username": "system:serviceaccount:apps:web", "uid": "u", "groups": ["g"] });
        let account = TokenOwner::Account(ObjectKey::new("apps", "web"));
        let status = |audiences| json!({ "authenticated": true, "user": user, "audiences": audiences });
        assert_eq!(owner(&status(json!(["campanile"]))), account);
        assert_eq!(owner(&status(json!(["other", "campanile"]))), account);
        for other in [json!([]), json!(["campanile2"]), json!(["https://kubernetes.default.svc"])] {
            assert_eq!(owner(&status(other.clone())), TokenOwner::Nobody, "{other}");
        }
        for none in [
            json!({ "authenticated": true, "user": user }),
            json!({ "authenticated": false, "user": user, "audiences": ["campanile"] }),
            json!({ "user": {}, "error": "invalid bearer token" }),
        ] {
            assert_eq!(owner(&none), TokenOwner::Nobody, "{none}");
        }
    }

    #[test]
    fn issue_17_who_is_no_service_account_is_none_whatever_the_name() {
        for name in [
            "",
            "jane",
            "system:serviceaccount:apps",
            "system:serviceaccount::web",
            "system:serviceaccount:apps:",
            "system:serviceaccount:apps:web:admin",
            "x-system:serviceaccount:apps:web",
        ] {
            let status =
                json!({ "authenticated": true, "user": { "username": name }, "audiences": ["campanile"] });
            assert_eq!(owner(&status), TokenOwner::User, "{name}");
        }
    }

    #[test]
    fn issue_17_a_missing_right_names_the_component_that_grants_it() {
        let status = kube::core::Status::failure("tokenreviews is forbidden", "Forbidden").with_code(403);
        let text = describe(&kube::Error::Api(status.boxed()));
        assert!(text.contains("403") && text.ends_with("; grant it with deploy/event-auth"), "{text}");
    }
}

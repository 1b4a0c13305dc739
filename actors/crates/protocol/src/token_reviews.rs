//! Event endpoint to watcher: whose the token of a sender is, on demand.

use std::fmt;

use actix::Message;
use campanile_domain::ObjectKey;

/// Asks the API server whose a bearer token is (TokenReview API).
#[derive(Clone, PartialEq, Eq, Message)]
#[rtype(result = "Result<TokenOwner, ReviewError>")]
pub struct ReviewToken {
    /// The token, as its sender wrote it. A secret.
    pub token: String,
    /// Whom it has to be for.
    pub audience: String,
}

impl fmt::Debug for ReviewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReviewToken").field("audience", &self.audience).finish_non_exhaustive()
    }
}

/// The owner of a token, as the API server told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenOwner {
    /// The token is that of a service account.
    Account(ObjectKey),
    /// A user that is no service account.
    User,
    /// Nobody: expired, forged, of something that was deleted, or for another audience.
    Nobody,
}

/// Errors for which nothing is known of a token. None of its texts holds the token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// The API server refuses to review tokens, or does not answer.
    #[error("{0}")]
    Unavailable(String),
    /// There is no cluster to ask.
    #[error("there is no cluster in standalone mode, so nobody reviews tokens; give senders certificates")]
    NoCluster,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_17_a_question_about_a_token_does_not_show_it() {
        let question = ReviewToken { token: "hunter2".to_owned(), audience: "campanile".to_owned() };
        assert_eq!(format!("{question:?}"), r#"ReviewToken { audience: "campanile", .. }"#);
    }
}

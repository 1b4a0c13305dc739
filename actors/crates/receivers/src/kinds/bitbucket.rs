//! `bitbucket`: Bitbucket Server and Data Center, and Bitbucket Cloud with a webhook secret; signed as GitHub does it
//! (contract, receivers 5.1).

use super::{VerificationRules, github};

pub(super) static RULES: VerificationRules = VerificationRules {
    check: |case| github::check(case, "Bitbucket server"),
    event: "Bitbucket server event",
    revision: None,
    curl: r#"-H 'Content-Type: application/json' -H "X-Event-Key: repo:push" -H "X-Hub-Signature: sha256=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$TOKEN" -r | cut -c-64)" -d "$BODY""#,
};

//! `github`, also for Gitea: a signature of the body (contract, receivers 5.1).

use super::VerificationRules;
use crate::check::{Case, CheckStep, Passed};
use crate::error::VerifyError;
use crate::signature;

pub(super) static RULES: VerificationRules = VerificationRules {
    check: |case| check(case, "GitHub"),
    event: "GitHub event",
    revision: Some(&["after"]),
    curl: r#"-H 'Content-Type: application/json' -H "X-GitHub-Event: push" -H "X-Hub-Signature-256: sha256=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$TOKEN" -r | cut -c-64)" -d "$BODY""#,
};

/// Checks the signature as GitHub makes it; the rest of the Git hosts that do alike come here too.
pub(super) fn check(case: &Case<'_>, host: &'static str) -> Result<CheckStep, VerifyError> {
    let body = signature::check_hub(case.tokens, case.head, case.body)
        .map_err(|cause| VerifyError::Hub { host, cause })?;
    Ok(CheckStep::Passed(Passed { body: Some(body), ..Passed::default() }))
}

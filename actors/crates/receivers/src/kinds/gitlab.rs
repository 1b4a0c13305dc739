//! `gitlab`: the token itself in a header (contract, receivers 5).

use super::VerificationRules;
use crate::check::{Case, CheckStep, Passed};
use crate::error::VerifyError;
use crate::secret::equal;

const HEADER: &str = "X-Gitlab-Token";

pub(super) static RULES: VerificationRules = VerificationRules {
    check,
    event: "GitLab event",
    revision: Some(&["checkout_sha"]),
    curl: r#"-H "X-Gitlab-Token: $TOKEN" -H "X-Gitlab-Event: Push Hook" -d "$BODY""#,
};

fn check(case: &Case<'_>) -> Result<CheckStep, VerifyError> {
    let given = case.head.first(HEADER);
    match case.tokens.any(|token| equal(given, token)) {
        true => Ok(CheckStep::Passed(Passed::default())),
        false => Err(VerifyError::Header(HEADER)),
    }
}

//! `github`, also for Gitea: a signature of the body (contract, receivers 5.1).

use super::Rules;
use crate::error::VerifyError;
use crate::signature;
use crate::verify::{Case, Passed, Step};

pub(super) static RULES: Rules =
    Rules { check: |case| check(case, "GitHub"), event: "GitHub event", revision: Some(&["after"]) };

/// Checks the signature as GitHub makes it; the rest of the Git hosts that do alike come here too.
pub(super) fn check(case: &Case<'_>, host: &'static str) -> Result<Step, VerifyError> {
    let body = signature::check_hub(case.tokens, case.head, case.body)
        .map_err(|cause| VerifyError::Hub { host, cause })?;
    Ok(Step::Passed(Passed { body: Some(body), ..Passed::default() }))
}

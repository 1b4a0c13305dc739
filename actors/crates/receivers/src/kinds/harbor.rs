//! `harbor`: the token itself in a header, without a scheme (contract, receivers 5).

use super::{VerificationRules, passed};
use crate::check::{Case, CheckStep};
use crate::error::VerifyError;
use crate::secret::equal;

pub(super) static RULES: VerificationRules = VerificationRules {
    check,
    event: "Harbor event",
    revision: None,
    curl: r#"-H "Authorization: $TOKEN" -d "$BODY""#,
};

fn check(case: &Case<'_>) -> Result<CheckStep, VerifyError> {
    let given = case.head.first("Authorization");
    match case.tokens.any(|token| equal(given, token)) {
        true => Ok(passed("handling Harbor event")),
        false => Err(VerifyError::Header("Harbor Authorization")),
    }
}

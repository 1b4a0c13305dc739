//! `generic-hmac`: an HMAC of the body with the token as key, in `X-Signature` (contract, receivers 5).

use super::{VerificationRules, passed};
use crate::check::{Case, CheckStep};
use crate::error::VerifyError;
use crate::signature;

pub(super) static RULES: VerificationRules = VerificationRules {
    check,
    event: "generic webhook",
    revision: None,
    curl: r#"-H "X-Signature: sha256=$(printf %s "$BODY" | openssl dgst -sha256 -hmac "$TOKEN" -r | cut -c-64)" -d "$BODY""#,
};

fn check(case: &Case<'_>) -> Result<CheckStep, VerifyError> {
    signature::check(case.tokens, case.head, "X-Signature", case.body).map_err(VerifyError::Hmac)?;
    Ok(passed("handling generic webhook with a signature"))
}

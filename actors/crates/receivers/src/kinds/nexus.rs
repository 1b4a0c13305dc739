//! `nexus`: a bare HMAC of the body, and a body as Nexus Repository writes it (contract, receivers 5).

use aws_lc_rs::hmac;

use super::{VerificationRules, passed};
use crate::body::told;
use crate::check::{Case, CheckStep};
use crate::error::VerifyError;
use crate::event::shown;
use crate::fields::{FieldForm, Rest, read};
use crate::secret::unhex;
use crate::signature::verify;

pub(super) static RULES: VerificationRules = VerificationRules {
    check,
    event: "Nexus event",
    revision: None,
    curl: r#"-H "X-Nexus-Webhook-Signature: $(printf %s "$BODY" | openssl dgst -sha1 -hmac "$TOKEN" -r | cut -c-40)" -d "$BODY""#,
};

fn check(case: &Case<'_>) -> Result<CheckStep, VerifyError> {
    let given = case.head.first("X-Nexus-Webhook-Signature");
    if given.is_empty() {
        return Err(VerifyError::NexusMissing);
    }
    // The text itself is compared, so upper case is another signature.
    let tag = unhex(given).filter(|_| !given.iter().any(u8::is_ascii_uppercase)).ok_or(VerifyError::Nexus)?;
    if !case.tokens.any(|token| verify(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token, case.body, &tag)) {
        return Err(VerifyError::Nexus);
    }
    let fields = [FieldForm::Text(&["repositoryName"]), FieldForm::Text(&["action"])];
    let [repository, _] = read(case.body, fields, Rest::Refused).map_err(|error| VerifyError::Body {
        host: "Nexus",
        part: "payload",
        why: told(&error),
    })?;
    Ok(passed(format!("handling Nexus event from {}", shown(&repository))))
}

//! `nexus`: a bare HMAC of the body, and a body as Nexus Repository writes it (contract, receivers 5).

use aws_lc_rs::hmac;

use super::{Rules, passed};
use crate::body::told;
use crate::error::VerifyError;
use crate::event::shown;
use crate::fields::{Field, Rest, read};
use crate::secret::unhex;
use crate::signature::verify;
use crate::verify::{Case, Step};

pub(super) static RULES: Rules = Rules {
    check,
    event: "Nexus event",
    revision: None,
    curl: r#"-H "X-Nexus-Webhook-Signature: $(printf %s "$BODY" | openssl dgst -sha1 -hmac "$TOKEN" -r | cut -c-40)" -d "$BODY""#,
};

fn check(case: &Case<'_>) -> Result<Step, VerifyError> {
    let given = case.head.first("X-Nexus-Webhook-Signature");
    if given.is_empty() {
        return Err(VerifyError::NexusMissing);
    }
    // The text itself is compared, so upper case is another signature.
    let tag = unhex(given).filter(|_| !given.iter().any(u8::is_ascii_uppercase)).ok_or(VerifyError::Nexus)?;
    if !case.tokens.any(|token| verify(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token, case.body, &tag)) {
        return Err(VerifyError::Nexus);
    }
    let fields = [Field::Text(&["repositoryName"]), Field::Text(&["action"])];
    let [repository, _] = read(case.body, fields, Rest::Refused).map_err(|error| VerifyError::Body {
        host: "Nexus",
        part: "payload",
        why: told(&error),
    })?;
    Ok(passed(format!("handling Nexus event from {}", shown(&repository))))
}

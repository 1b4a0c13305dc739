//! `harbor`: the token itself in a header, without a scheme (contract, receivers 5).

use super::{Rules, passed};
use crate::error::VerifyError;
use crate::secret::equal;
use crate::verify::{Case, Step};

pub(super) static RULES: Rules =
    Rules { check, event: "Harbor event", revision: None, curl: r#"-H "Authorization: $TOKEN" -d "$BODY""# };

fn check(case: &Case<'_>) -> Result<Step, VerifyError> {
    let given = case.head.first("Authorization");
    match case.tokens.any(|token| equal(given, token)) {
        true => Ok(passed("handling Harbor event")),
        false => Err(VerifyError::Header("Harbor Authorization")),
    }
}

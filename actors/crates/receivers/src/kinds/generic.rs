//! `generic`: whoever knows the path may call (contract, receivers 5).

use super::{VerificationRules, passed};

pub(super) static RULES: VerificationRules = VerificationRules {
    check: |_| Ok(passed("handling generic webhook")),
    event: "generic webhook",
    revision: None,
    curl: r#"-d "$BODY""#,
};

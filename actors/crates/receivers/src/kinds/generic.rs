//! `generic`: whoever knows the path may call (contract, receivers 5).

use super::{Rules, passed};

pub(super) static RULES: Rules = Rules {
    check: |_| Ok(passed("handling generic webhook")),
    event: "generic webhook",
    revision: None,
    curl: r#"-d "$BODY""#,
};

//! `cdevents`: a valid CDEvent; whoever knows the path may call (contract, receivers 9).

use super::VerificationRules;
use crate::check::{CheckStep, Passed};
use crate::error::VerifyError;

pub(super) static RULES: VerificationRules = VerificationRules {
    check: |case| {
        crate::cdevents::check(case.body).map_err(VerifyError::CdEvent)?;
        Ok(CheckStep::Passed(Passed::default()))
    },
    event: "CDEvent",
    revision: None,
    curl: r#"-H "Ce-Type: dev.cdevents.artifact.published.0.2.0" -d "$BODY""#,
};

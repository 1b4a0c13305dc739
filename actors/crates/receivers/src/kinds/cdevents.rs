//! `cdevents`: a valid CDEvent; whoever knows the path may call (contract, receivers 9).

use super::Rules;
use crate::error::VerifyError;
use crate::verify::{Passed, Step};

pub(super) static RULES: Rules = Rules {
    check: |case| {
        crate::cdevents::check(case.body).map_err(VerifyError::CdEvent)?;
        Ok(Step::Passed(Passed::default()))
    },
    event: "CDEvent",
    revision: None,
    curl: r#"-H "Ce-Type: dev.cdevents.artifact.published.0.2.0" -d "$BODY""#,
};

//! `quay`: a body as Quay writes it; whoever knows the path may call (contract, receivers 5).

use super::{VerificationRules, passed};
use crate::body::told;
use crate::check::{Case, CheckStep};
use crate::error::VerifyError;
use crate::event::shown;
use crate::fields::{FieldForm, Rest, read};

pub(super) static RULES: VerificationRules = VerificationRules {
    check,
    event: "Quay event",
    revision: None,
    curl: r#"-d '{"docker_url":"quay.io/org/app","updated_tags":["latest"]}'"#,
};

fn check(case: &Case<'_>) -> Result<CheckStep, VerifyError> {
    let fields = [FieldForm::Text(&["docker_url"]), FieldForm::Texts(&["updated_tags"])];
    let [url, _] = read(case.body, fields, Rest::Ignored).map_err(|error| VerifyError::Body {
        host: "Quay",
        part: "payload",
        why: told(&error),
    })?;
    Ok(passed(format!("handling Quay event from {}", shown(&url))))
}

//! `acr`: a body as Azure Container Registry writes it; whoever knows the path may call (contract, receivers 5).

use super::{VerificationRules, passed};
use crate::body::told;
use crate::check::{Case, CheckStep};
use crate::error::VerifyError;
use crate::event::shown;
use crate::fields::{FieldForm, Rest, read};

pub(super) static RULES: VerificationRules = VerificationRules {
    check,
    event: "ACR event",
    revision: Some(TAG),
    curl: r#"-d '{"action":"push","target":{"repository":"app","tag":"latest"}}'"#,
};

const TAG: &[&str] = &["target", "tag"];

fn check(case: &Case<'_>) -> Result<CheckStep, VerifyError> {
    let fields =
        [FieldForm::Text(&["target", "repository"]), FieldForm::Text(TAG), FieldForm::Text(&["action"])];
    let [repository, tag, _] = read(case.body, fields, Rest::Ignored).map_err(|error| VerifyError::Body {
        host: "ACR",
        part: "payload",
        why: told(&error),
    })?;
    Ok(passed(format!("handling ACR event from {} for tag {}", shown(&repository), shown(&tag))))
}

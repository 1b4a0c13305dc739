//! `dockerhub`: a body as Docker Hub writes it; whoever knows the path may call (contract, receivers 5).

use super::{VerificationRules, passed};
use crate::body::told;
use crate::check::{Case, CheckStep};
use crate::error::VerifyError;
use crate::event::shown;
use crate::fields::{FieldForm, Rest, read};

pub(super) static RULES: VerificationRules = VerificationRules {
    check,
    event: "DockerHub event",
    revision: Some(TAG),
    curl: r#"-d '{"push_data":{"tag":"latest"},"repository":{"repo_url":"https://hub.docker.com/r/org/app"}}'"#,
};

const TAG: &[&str] = &["push_data", "tag"];

fn check(case: &Case<'_>) -> Result<CheckStep, VerifyError> {
    let fields = [FieldForm::Text(&["repository", "repo_url"]), FieldForm::Text(TAG)];
    let [url, tag] = read(case.body, fields, Rest::Ignored).map_err(|error| VerifyError::Body {
        host: "DockerHub",
        part: "payload",
        why: told(&error),
    })?;
    Ok(passed(format!("handling DockerHub event from {} for tag {}", shown(&url), shown(&tag))))
}

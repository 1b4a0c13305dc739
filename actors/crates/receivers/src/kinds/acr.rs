//! `acr`: a body as Azure Container Registry writes it; whoever knows the path may call (contract, receivers 5).

use super::{Rules, passed};
use crate::body::told;
use crate::error::VerifyError;
use crate::event::shown;
use crate::fields::{Field, Rest, read};
use crate::verify::{Case, Step};

pub(super) static RULES: Rules = Rules {
    check,
    event: "ACR event",
    revision: Some(TAG),
    curl: r#"-d '{"action":"push","target":{"repository":"app","tag":"latest"}}'"#,
};

const TAG: &[&str] = &["target", "tag"];

fn check(case: &Case<'_>) -> Result<Step, VerifyError> {
    let fields = [Field::Text(&["target", "repository"]), Field::Text(TAG), Field::Text(&["action"])];
    let [repository, tag, _] = read(case.body, fields, Rest::Ignored).map_err(|error| VerifyError::Body {
        host: "ACR",
        part: "payload",
        why: told(&error),
    })?;
    Ok(passed(format!("handling ACR event from {} for tag {}", shown(&repository), shown(&tag))))
}

//! The filters of receivers use the same environment (contract, receivers 8 and 11.3).

use serde_json::{Value as Json, json};

use super::super::{CelError, CelResult, Expression, Want};

fn filter(text: &str) -> Result<Expression, CelError> {
    Expression::compile(text, &["res", "req"], Want::Bool)
}

fn accepts(text: &str, res: &Json, req: &Json) -> Result<CelResult, CelError> {
    filter(text)?.evaluate(&[("res", res), ("req", req)])
}

#[test]
fn u01_booleans_are_accepted() {
    for text in ["true", "false", "req.value == 'test'"] {
        assert!(filter(text).is_ok(), "{text}");
    }
}

#[test]
fn u02_a_string_is_refused() {
    let error = filter("'test'").unwrap_err().to_string();
    assert_eq!(error, "CEL expression output type mismatch: expected bool, got string");
    let error = filter("res.metadata.name").unwrap_err().to_string();
    assert_eq!(error, "CEL expression output type mismatch: expected bool, got dyn");
}

#[test]
fn u03_u04_unknown_names_are_refused() {
    let error = filter("requrest.body.value").unwrap_err().to_string();
    assert!(error.contains("undeclared reference to 'requrest'"), "{error}");
    let error = filter("claims.sub == 'test'").unwrap_err().to_string();
    assert!(error.contains("undeclared reference to 'claims'"), "{error}");
    assert!(Expression::compile("claims.sub == 'test'", &["res", "req", "claims"], Want::Bool).is_ok());
}

#[test]
fn u05_u08_u09_idioms_hold() {
    let res = json!({"metadata": {
        "name": "podinfo", "labels": {"team": "dev"}, "annotations": {"update-image": "app"},
    }});
    let req = json!({
        "tag": "registry/org/app:v1", "events": [{"full_name": "prj/repo1"}], "bool": true,
        "image": {"source": "hello-world:v1.0.0"}, "target": {"repository": "podinfo"},
    });
    for text in [
        "req.tag.split('/').last().value().split(\":\").first().value() == res.metadata.annotations['update-image']",
        "req.target.repository.contains(res.metadata.name)",
        "has(res.metadata.annotations) && 'update-image' in res.metadata.annotations",
        "req.events[0].full_name == 'prj/repo1'",
        "req.bool == true",
        "res.metadata.labels['team'] == 'dev'",
        "req.image.source.split(':').last().value().startsWith('v')",
        "!has(res.metadata.finalizers) || !('skip' in res.metadata.annotations)",
        "res.metadata.name == 'podinfo' && req.target.repository == 'podinfo'",
    ] {
        assert_eq!(accepts(text, &res, &req), Ok(CelResult::Bool(true)), "{text}");
    }
}

#[test]
fn f15_a_missing_key_is_an_error() {
    let error = accepts("res.name == 'x'", &json!({"kind": "Bucket"}), &json!({})).unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to evaluate the CEL expression 'res.name == 'x'': no such key: name"
    );
}

#[test]
fn o08_o09_variables_may_have_any_type() {
    let claims = json!({"repository": "org/app", "environment": "staging"});
    let over = ["claims", "vars"];
    let evaluate = |text: &str, want, vars: &Json| {
        let expression = Expression::compile(text, &over, want).unwrap();
        expression.evaluate(&[("claims", &claims), ("vars", vars)]).unwrap()
    };
    let CelResult::Json(allowed) = evaluate("['org/app']", Want::Any, &json!({})) else { panic!("no JSON") };
    let vars = json!({"allowed": allowed});
    assert_eq!(evaluate("claims.repository in vars.allowed", Want::Bool, &vars), CelResult::Bool(true));
    let CelResult::Json(first) = evaluate("vars.allowed[0]", Want::Any, &vars) else { panic!("no JSON") };
    assert_eq!(first, json!("org/app"));
    let u07 = evaluate("claims.environment == 'production'", Want::Bool, &vars);
    assert_eq!(u07, CelResult::Bool(false));
}

#[test]
fn o14_k05_broken_filters_say_where() {
    assert!(filter("not-valid-cel ===").is_err());
    let error = filter("has(res.metadata.annotations").unwrap_err().to_string();
    assert!(
        error.starts_with("failed to parse the CEL expression 'has(res.metadata.annotations': "),
        "{error}"
    );
}

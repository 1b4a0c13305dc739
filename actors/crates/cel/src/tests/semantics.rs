use serde_json::json;

use super::super::{CelError, CelResult, EvaluationError, Expression, Want};
use super::{all_hold, data, evaluate, fault};

#[test]
fn json_numbers_are_doubles_on_one_line_with_the_others() {
    all_hold(&[
        "a.n == 3 && a.n == 3u && a.n == 3.0 && a.n < 4 && a.n > 2u && a.f > 2 && a.f < 3u",
        "1 < 2.5 && 1u < 2 && 2 > 1u && -1 < 1u && 1u > -1 && 2.5 > 2u",
        "a.n in [1, 3] && 3 in [a.n] && {'x': 1.0} == {'x': a.o[0].x}",
        "dyn(1) == dyn(1u) && dyn(1) != dyn('1') && dyn(null) != dyn(false)",
        "9007199254740993 > double(9007199254740992) && 9223372036854775807 < 9223372036854775808.0",
        "a.l[0] == 'a' && a.l[dyn(1.0)] == 'b' && a.l[dyn(1u)] == 'b'",
    ]);
    all_hold(&["!(double('nan') == double('nan'))", "!(double('nan') < 1.0)", "!(1 > double('nan'))"]);
    assert_eq!(fault("a.n + 1"), "no such overload: _+_(double, int)");
    assert_eq!(fault("a.s < a.n"), "no such overload: _<_(string, double)");
}

#[test]
fn arithmetic_never_wraps() {
    all_hold(&[
        "1 + 2 * 3 - 4 / 2 == 5 && 7 % 3 == 1 && -7 / 2 == -3 && -7 % 3 == -1 && 1.5 * 2.0 == 3.0 && -(1) == -1",
        "1u + 2u == 3u && 5u - 2u == 3u && 7u % 4u == 3u && 6u / 2u * 1u == 3u && 1.0 / 0.0 > 1e300",
        "'a' + 'b' == 'ab' && b'a' + b'b' == b'ab' && [1] + [2] == [1, 2] && duration('1s') + duration('1s') == duration('2s')",
        "!true == false && -a.n == -3.0",
    ]);
    for text in [
        "9223372036854775807 + 1",
        "-9223372036854775807 - 2",
        "9223372036854775807 * 2",
        "-(-9223372036854775807 - 1)",
        "1u - 2u",
        "(-9223372036854775807 - 1) / -1",
    ] {
        assert_eq!(fault(text), "integer overflow", "{text}");
    }
    assert_eq!(fault("1 / 0"), "division by zero");
    assert_eq!(fault("1 % 0"), "modulus by zero");
}

#[test]
fn a_missing_key_is_a_fault_and_has_asks_before() {
    assert_eq!(fault("a.q"), "no such key: q");
    assert_eq!(fault("a.m.q"), "no such key: q");
    assert_eq!(fault("a['q']"), "no such key: q");
    assert_eq!(fault("a.l[5]"), "index out of range: 5");
    assert_eq!(fault("a.l[-1]"), "index out of range: -1");
    assert_eq!(fault("a.s.q"), "no such overload: string.q");
    assert_eq!(fault("a.z.q"), "no such overload: null_type.q");
    all_hold(&[
        "has(a.s) && !has(a.q) && has(a.z) && has(a.m.k) && !has(a.m.q) && !(has(a.q) && a.q == 'x')",
        "'s' in a && !('q' in a) && 'a' in a.l && !(1 in a.l) && a.dots['a.b/c'] == 'd' && a.z == null",
        "{'a': 1}.a == 1 && {1: 'x'}[1] == 'x' && {true: 'x'}[true] == 'x' && {1u: 'x'}[1u] == 'x'",
    ]);
    assert_eq!(fault("{dyn('a'): 1, 'a': 2}"), "failed with repeated key");
}

#[test]
fn a_decided_operator_absorbs_the_fault_of_its_other_side() {
    all_hold(&[
        "a.q || true",
        "true || a.q",
        "!(a.q && false)",
        "!(false && a.q)",
        "a.s == 'x' ? a.q == 1 : true",
        "[1, 0].exists(x, 1 / x == 1)",
        "![0, 1].all(x, 1 / x == 2)",
    ]);
    assert_eq!(fault("a.q || false"), "no such key: q");
    assert_eq!(fault("true && a.q"), "no such key: q");
    assert_eq!(fault("[0, 1].exists(x, 1 / x == 5)"), "division by zero");
    assert_eq!(fault("[0, 1].exists_one(x, 1 / x == 1)"), "division by zero");
    assert_eq!(fault("a.s && true"), "no such overload: string, where bool is needed");
}

#[test]
fn any_result_has_its_form_in_json() {
    let text = "{'x': [dyn(1), 2u, 1.5, null], 'y': dyn(a.m), 'z': dyn(optional.none())}";
    assert_eq!(evaluate(text), Ok(json!({"x": [1, 2, 1.5, null], "y": {"k": "v"}, "z": null})));
    assert_eq!(evaluate("['org/app']"), Ok(json!(["org/app"])));
    assert_eq!(evaluate("duration('1s')"), Ok(json!("1s")));
    assert_eq!(fault("b'x'"), "type conversion error: the value is no JSON, encode it as base64");
}

#[test]
fn a_computed_pattern_is_compiled_once_for_all_elements() {
    let text = "a.l.filter(x, x.matches('^n[0-9]+' + a.end)).size() == 500";
    let expression = Expression::compile(text, &["a"], Want::Bool).unwrap();
    let names: Vec<_> = (0..500).map(|n| format!("n{n}-x")).collect();
    let result = expression.evaluate(&[("a", &json!({"l": names, "end": "-x$"}))]);
    assert_eq!(result, Ok(CelResult::Bool(true)));
}

#[test]
fn a_variable_that_is_not_given_is_a_fault() {
    let expression = Expression::compile("a.s == c.s", &["a", "c"], Want::Bool).unwrap();
    let error = expression.evaluate(&[("a", &data()), ("other", &data())]).unwrap_err();
    assert!(
        matches!(&error, CelError::Evaluate { fault: EvaluationError::NoSuchAttribute(name), .. } if name == "c"),
        "{error}"
    );
}

#[test]
fn data_that_belie_the_inferred_type_are_an_error() {
    let expression = Expression::compile("(a.l + ['x'])[0]", &["a"], Want::String).unwrap();
    let data = json!({"l": [1]});
    let error = expression.evaluate(&[("a", &data)]).unwrap_err();
    assert_eq!(error.to_string(), "CEL expression output type mismatch: expected string, got double");
}

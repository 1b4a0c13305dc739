use super::super::Want;
use super::{compile, compile_error, type_of};

#[test]
fn the_contracts_examples_have_their_types() {
    let examples = [
        ("a.b + '/' + c.d", "string"),
        ("a.b + c.d", "dyn"),
        ("a.b == 'x'", "bool"),
        ("has(a.b)", "bool"),
        ("a.b.contains(c.d)", "bool"),
        ("true", "bool"),
        ("a.flag", "dyn"),
        ("bool(a.flag)", "bool"),
        ("a.flag == true", "bool"),
        ("string(a.b)", "string"),
        ("a.metadata.foo", "dyn"),
        ("a.metadata.foo + ''", "string"),
        ("a.b.kind.lowerAscii() + '/' + a.b.ns + '/' + c.uid.split('-').first().value()", "string"),
        ("a.tag.split('/').last().value().split(\":\").first().value() == c.x['y']", "bool"),
        ("c.repository in a.allowed", "bool"),
    ];
    for (text, ty) in examples {
        assert_eq!(type_of(text), ty, "{text}");
    }
}

#[test]
fn dyn_never_passes_for_a_known_type() {
    let expressions = [
        "a.x ? 'a' : c.d",
        "a.x ? c.d : 'a'",
        "a.?b.orValue('x')",
        "optional.of(a.b).orValue('x')",
        "[a.b, 'x'][0]",
        "['x', a.b][0]",
        "{'k': a.b, 'l': 'x'}['k']",
        "['x'].map(y, a.b)[0]",
        "[a.b].map(y, y)[0]",
        "optional.of('x').or(optional.of(a.b)).value()",
        "optional.none().value()",
        "[].first().value()",
        "dyn('x')",
        "a.b[0]",
        "a[c.d]",
        "a.l.first().value()",
        "optional.of(a).x.value()",
        "[[a.b], ['x']][1][0]",
    ];
    for text in expressions {
        assert_eq!(type_of(text), "dyn", "{text}");
        let error = compile_error(text, Want::String);
        assert_eq!(error, "CEL expression output type mismatch: expected string, got dyn");
    }
}

#[test]
fn types_are_inferred_through_functions_and_macros() {
    let expressions = [
        ("a.x ? 'a' : 'b'", "string"),
        ("'a' + a.b.map(x, string(x)).join(',')", "string"),
        ("['a'].map(x, x + 'b')[0]", "string"),
        ("['a'].filter(x, x != 'b').first().value()", "string"),
        ("optional.of('a').optMap(x, x.size()).value()", "int"),
        ("optional.of('a').optFlatMap(x, optional.of([x]))", "optional_type(list(string))"),
        ("optional.none().orValue('a')", "string"),
        ("{'a': 1}['a'] + 1", "int"),
        ("{'a': {'b': 1.5}}.a.b", "double"),
        ("{'a': 'b'}.?c", "optional_type(string)"),
        ("{1: 'b'}[?1]", "optional_type(string)"),
        ("[1, 2].map(x, x > 1, string(x))", "list(string)"),
        ("{'a': 1, 'b': 2}.map(k, k)", "list(string)"),
        ("[]", "list(dyn)"),
        ("{}", "map(dyn, dyn)"),
        ("a", "map(string, dyn)"),
        ("null", "null_type"),
        ("type('a')", "type"),
        ("string", "type"),
        ("b'x'", "bytes"),
        ("1u", "uint"),
        ("timestamp('2026-08-07T10:00:00Z') - timestamp('2026-08-07T09:00:00Z')", "google.protobuf.Duration"),
        ("timestamp('2026-08-07T10:00:00Z') - duration('1h')", "google.protobuf.Timestamp"),
        ("optional.none().value() + 'x'", "string"),
        ("a.n * 2", "int"),
        ("size(a.b)", "int"),
        ("1 < 2.0", "bool"),
        ("optional.unwrap([optional.of('x')])[0]", "string"),
        ("[?optional.of('x')][0]", "string"),
    ];
    for (text, ty) in expressions {
        assert_eq!(type_of(text), ty, "{text}");
    }
}

#[test]
fn what_does_not_fit_is_an_issue_with_its_place() {
    let expressions = [
        ("'a' + 1", "1:5: found no matching overload for '_+_' applied to '(string, int)'"),
        ("1 == 'a'", "1:3: found no matching overload for '_==_' applied to '(int, string)'"),
        ("'a'.split(1)", "1:10: found no matching overload for 'split' applied to 'string.(int)'"),
        ("'a'.b", "1:4: type 'string' does not support field selection"),
        ("has(a['b'])", "1:4: has() takes the selection of a field, as in has(a.b)"),
        ("[1, 'a']", "1:5: expected type 'int' but found 'string'"),
        ("{'a': 1, 'b': 'c'}", "1:15: expected type 'int' but found 'string'"),
        ("{'a': 1, 2: 1}", "1:10: expected type 'string' but found 'int'"),
        ("{[1]: 1}", "1:2: map keys are bool, int, uint or string, not list(int)"),
        ("1 && true", "1:1: expected type 'bool' but found 'int'"),
        ("a.b ? 1 : 'x'", "1:11: expected type 'int' but found 'string'"),
        ("'ab'.all(x, true)", "1:1: expected type 'list(dyn)' but found 'string'"),
        ("[1].all(x, x)", "1:12: expected type 'bool' but found 'int'"),
        ("[1].map(1, x)", "1:9: the first argument of a macro is the name of a variable"),
        ("a.b.matches('(')", "1:13: missing closing ): escape ( to match it literally"),
        ("a.b ==\n  d.e", "2:3: undeclared reference to 'd' (the variables are a, c)"),
        ("[1].map(x, x) == [x]", "1:19: undeclared reference to 'x' (the variables are a, c)"),
        ("nope(1)", "1:5: undeclared reference to 'nope' (the variables are a, c)"),
        ("a.b.nope()", "1:9: undeclared reference to 'nope' (the variables are a, c)"),
        ("Thing{x: 1}", "1:6: undeclared reference to 'Thing': there are no message types"),
    ];
    for (text, issue) in expressions {
        let expected = format!("failed to parse the CEL expression '{text}': {issue}");
        assert_eq!(compile_error(text, Want::Bool), expected);
    }
}

#[test]
fn what_is_no_expression_is_an_issue() {
    for text in [
        "",
        "a.",
        "a b",
        "has(res.metadata.annotations",
        "not-valid-cel ===",
        "'abc",
        "1 +",
        "a.b = c",
        "'\\q'",
        "99999999999999999999",
    ] {
        let error = compile_error(text, Want::Bool);
        let prefix = format!("failed to parse the CEL expression '{text}': ");
        assert!(error.starts_with(&prefix), "{error}");
        assert!(error.len() > prefix.len() && !error.contains("ParseError"), "{error}");
    }
}

#[test]
fn a_macro_variable_hides_a_variable_and_ends_with_its_macro() {
    assert_eq!(type_of("['x'].map(a, a)[0] + 'y'"), "string");
    assert_eq!(type_of("[1].map(c, ['x'].map(c, c)[0])[0]"), "string");
    assert!(compile("[1].exists(x, .a.b == x)", Want::Bool).is_ok());
}

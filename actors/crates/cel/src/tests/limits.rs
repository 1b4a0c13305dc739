use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::super::{CelError, EvaluationError, Expression, Want};
use super::{compile, compile_error};

/// More than any bounded step takes, even without optimisation on a busy machine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs on the stack that an arbiter has, and in bounded time.
fn bounded<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let start = Instant::now();
    let result = std::thread::Builder::new().stack_size(2 << 20).spawn(run).unwrap().join().unwrap();
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    result
}

#[test]
fn a_long_text_is_refused_without_repeating_it() {
    let longest = format!("'{}' == ''", "a".repeat((16 << 10) - 8));
    assert!(compile(&longest, Want::Bool).is_ok());
    let error = compile_error(&format!("{longest} "), Want::Bool);
    assert_eq!(error, "failed to parse the CEL expression: it is longer than 16384 bytes, shorten it");
}

#[test]
fn deep_nesting_is_refused_in_every_form() {
    let forms: [fn(usize) -> String; 12] = [
        |n| format!("{}a.b{}", "(".repeat(n), ")".repeat(n)),
        |n| format!("{}1{}", "[".repeat(n), "]".repeat(n)),
        |n| format!("{}1{}", "{1:".repeat(n), "}".repeat(n)),
        |n| format!("a{}", ".b".repeat(n)),
        |n| format!("a{}", ".?b".repeat(n)),
        |n| format!("a{}", "[0]".repeat(n)),
        |n| format!("a{}", ".b()".repeat(n)),
        |n| vec!["1"; n].join("+"),
        |n| vec!["a"; n].join(" in "),
        |n| format!("{}b", "a.b?c:".repeat(n)),
        |n| format!("{}1{}", "size(".repeat(n), ")".repeat(n)),
        |n| format!("{}x{}", "[1].map(x, ".repeat(n), ")".repeat(n)),
    ];
    for form in forms {
        for n in [200, 1_000, 16_000] {
            let text: String = form(n).chars().take(16 << 10).collect();
            let error = bounded(move || compile(&text, Want::Any).map(drop));
            let Err(CelError::Parse { issue, .. }) = error else {
                panic!("{n} levels of {}: {error:?}", form(1))
            };
            assert!(issue.text.starts_with("nested too deep") || n == 16_000, "{n} of {}: {issue}", form(1));
        }
    }
}

#[test]
fn the_deepest_expressions_fit_the_stack() {
    let forms: [fn(usize) -> String; 4] = [
        |n| format!("[1]{}", ".map(x, x)".repeat(n)),
        |n| format!("{}[1]{}", "[1].map(x, ".repeat(n - 40), ")".repeat(n - 40)),
        |n| vec!["'a'"; n].join("+"),
        |n| format!("{}1{}", "[".repeat(n - 40), "]".repeat(n - 40)),
    ];
    for form in forms {
        let text = form(125);
        let result = bounded(move || compile(&text, Want::Any).unwrap().evaluate(&[]));
        assert!(result.is_ok(), "{result:?}");
    }
}

/// Parts of expressions, separated by spaces.
const TOKENS: &str = "a c x a.s a.n a.l a.m a.z a.t . ( ) [ ] { } , ? : + - * / % == != < <= && || ! in 'x' 'é🚀' '' \
    b'q' 1 -1 2u 3.5 0 null true has(a.s) .map(x, .?q [? .size() .first() .value() .orValue( .split('') .substring( \
    .format([ string( int( duration('1s') type( optional.of( \\ \"";

#[test]
fn nonsense_is_refused_and_never_panics() {
    let tokens: Vec<_> = TOKENS.split(' ').collect();
    let data = super::data();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % bound as u64).unwrap()
    };
    let mut values = 0;
    for _ in 0..20_000 {
        let text: Vec<_> = (0..=next(8)).map(|_| tokens[next(tokens.len())]).collect();
        if let Ok(expression) = compile(&text.join(" "), Want::Any) {
            values += usize::from(expression.evaluate(&[("a", &data), ("c", &data)]).is_ok());
        }
    }
    assert!(values > 500, "only {values} of them mean something");
}

#[test]
fn what_people_write_is_not_too_deep() {
    let chain = vec!["a.b"; 120].join(" + '/' + ");
    assert!(compile(&chain, Want::String).is_err());
    let chain = vec!["a.b"; 40].join(" + '/' + ");
    assert!(compile(&chain, Want::String).is_ok());
    let any = vec!["a.b == 'some/name'"; 150].join(" || ");
    assert!(compile(&any, Want::Bool).is_ok());
    let list = format!("a.b in [{}]", vec!["'name'"; 1000].join(", "));
    assert!(compile(&list, Want::Bool).is_ok());
}

/// It is refused for its price, or stops when it is evaluated.
fn exhausts(text: &str, data: Json) {
    let text = text.to_owned();
    let result = bounded(move || {
        let expression = Expression::compile(&text, &["a"], Want::Any)?;
        expression.evaluate(&[("a", &data)])
    });
    let fault = result.map_err(|error| match error {
        CelError::Evaluate { fault, .. } => fault,
        CelError::TooDear { .. } => EvaluationError::Exhausted,
        other => panic!("{other}"),
    });
    assert_eq!(fault, Err(EvaluationError::Exhausted));
}

#[test]
fn issue_15_what_an_expression_may_cost_is_known_before_any_event() {
    let price = |text: &str| Expression::compile(text, &["event"], Want::Bool).map(|found| found.price());
    for text in [
        "event.message.contains('failed')",
        "event.message.matches('error.*lookup .*github')",
        "event.message.split(' ').exists(word, word == 'failed')",
        "event.metadata.exists(key, event.metadata.exists(other, key != other))",
        "(event.involvedObject.kind + '/' + event.involvedObject.name).lowerAscii() == 'a/b'",
    ] {
        assert!(price(text).unwrap() <= campanile_pattern::Price::milliseconds(50), "{text}");
    }
    for text in [
        "event.message.matches('[^z]{300}z')",
        "event.metadata.all(a, event.metadata.all(b, event.metadata.all(c, a != b || b != c)))",
        "event.message.split('').exists(a, event.message.split('').exists(b, a != b))",
    ] {
        let error = price(text).unwrap_err();
        assert!(matches!(error, CelError::TooDear { .. }), "{error}");
        assert!(error.to_string().contains("may cost") && error.to_string().contains("50.0 ms"), "{error}");
    }
}

#[test]
fn loops_in_loops_stop() {
    let numbers: Vec<_> = (0..1000).collect();
    let data = json!({"l": numbers});
    exhausts("a.l.all(x, a.l.all(y, a.l.all(z, x != y || z >= 0.0)))", data.clone());
    exhausts("a.l.map(x, a.l.map(y, a.l.map(z, z)))", data.clone());
    exhausts("a.l.exists(x, a.l.filter(y, a.l.exists(z, z < 0.0)).size() > 0) || true", data.clone());
    exhausts("sets.contains(a.l, a.l.map(x, x)) && sets.equivalent(a.l, a.l.map(x, x))", data.clone());
    exhausts("a.l.map(x, a.l + a.l)", data);
}

#[test]
fn texts_and_lists_that_double_stop() {
    let doubling = |start: &str, step: &str| format!("[{start}]{}", step.repeat(60));
    exhausts(&doubling("'aaaaaaaaaaaaaaaa'", ".map(y, y + y)"), json!({}));
    exhausts(&doubling("[1, 2]", ".map(y, y + y)"), json!({}));
    exhausts(&doubling("'aaaa'", ".map(y, y.replace('a', 'aa'))"), json!({}));
    exhausts(&doubling("'aaaa'", ".map(y, [y, y].join(y))"), json!({}));
    exhausts(&doubling("'aaaa'", ".map(y, '%s%s'.format([y, y]))"), json!({}));
    exhausts(&doubling("'\"\"'", ".map(y, strings.quote(y))"), json!({}));
    exhausts(&doubling("b'aaaa'", ".map(y, y + y)"), json!({}));
    exhausts(&format!("optional.of('aaaa'){}", ".optMap(y, y + y)".repeat(60)), json!({}));
}

#[test]
fn shared_lists_that_would_unfold_without_end_stop() {
    let nested = format!("[1]{}", ".map(y, [y, y])".repeat(60));
    exhausts(&nested, json!({}));
    exhausts(&format!("{nested} == {nested}"), json!({}));
    exhausts(&format!("'%s'.format([{nested}])"), json!({}));
}

#[test]
fn long_texts_and_patterns_are_paid_for() {
    let long = json!({"s": "a".repeat(1 << 20), "l": vec!["x"; 100]});
    exhausts("a.l.exists(x, a.s.contains('b'))", long.clone());
    exhausts("a.s.replace('', a.s)", long.clone());
    exhausts("a.l.exists(x, a.s.matches('(a|b)*c'))", long.clone());
    exhausts("[0, 1, 2, 3, 4, 5].exists(x, 'x'.matches('\\\\pL{500}' + string(x)))", long.clone());
    exhausts("a.l.map(x, 'x'.matches('a' + x) || 'x'.matches('b' + x))", long.clone());
    exhausts("a.l.all(x, x == a.s.split('')[0])", long);
}

#[test]
fn types_that_would_double_do_not_slow_the_checker() {
    bounded(|| {
        for text in [
            format!("[1]{}", ".map(y, {'k': y})".repeat(100)),
            format!("[{{}}]{}", ".map(y, {'k': [y], 'l': [y]})".repeat(100)),
            format!("[[]]{}", ".map(y, [y, y])".repeat(100)),
            format!("optional.none(){}", ".optMap(y, optional.of(y))".repeat(100)),
            format!("[{}]", vec!["[[[[]]]]"; 400].join(",")),
        ] {
            compile(&text, Want::Any).unwrap();
        }
    });
}

#[test]
fn a_full_webhook_body_is_within_the_budget() {
    let commits: Vec<_> = (0..2000).map(|n| json!({"id": format!("{n:040}"), "added": ["a", "b"]})).collect();
    let data = json!({"commits": commits, "log": "x".repeat(1 << 20)});
    let text = "a.commits.exists(c, 'b' in c.added && c.id.endsWith('1999')) && !a.log.contains('y')";
    let expression = Expression::compile(text, &["a"], Want::Bool).unwrap();
    assert_eq!(expression.evaluate(&[("a", &data)]), Ok(super::super::CelResult::Bool(true)));
}

use super::{all_hold, fault};

#[test]
fn standard_macros() {
    all_hold(&[
        "a.l.all(x, x < 'c')",
        "!a.l.all(x, x < 'b')",
        "a.l.exists(x, x == 'b')",
        "!a.l.exists(x, x == 'c')",
        "a.l.exists_one(x, x == 'b')",
        "!['b', 'b'].existsOne(x, x == 'b')",
        "a.l.map(x, x + 'x') == ['ax', 'bx']",
        "a.l.map(x, x == 'b', x + 'y') == ['by']",
        "a.l.filter(x, x != 'a') == ['b']",
        "a.m.exists(k, k == 'k')",
        "a.m.map(k, a.m[k]) == ['v']",
        "[[1, 2], [3]].map(l, l.map(x, x * 2)) == [[2, 4], [6]]",
        "a.o.exists(o, o.x == 2)",
        "[].all(x, false) && ![].exists(x, true)",
    ]);
}

#[test]
fn optional_types() {
    all_hold(&[
        "a.?s.value() == 'abc'",
        "!a.?q.hasValue()",
        "a.?q.orValue('z') == 'z'",
        "a.?m.?k.orValue('') == 'v'",
        "a.?m.k.orValue('') == 'v'",
        "!a.?q.k.hasValue()",
        "a.l[?1].value() == 'b'",
        "!a.l[?5].hasValue()",
        "a.m[?'k'].hasValue()",
        "a.?l[0].value() == 'a'",
        "!a.?q[0].hasValue()",
        "optional.of(1).value() == 1",
        "!optional.none().hasValue()",
        "!optional.ofNonZeroValue('').hasValue()",
        "optional.ofNonZeroValue('x').value() == 'x'",
        "optional.none().or(optional.of(2)).value() == 2",
        "optional.of(1).or(optional.of(2)).value() == 1",
        "optional.of('a').optMap(x, x + 'b').value() == 'ab'",
        "!optional.none().optMap(x, [x]).hasValue()",
        "optional.of('a').optFlatMap(x, optional.of(x + 'b')).value() == 'ab'",
        "!optional.of('a').optFlatMap(x, optional.none()).hasValue()",
        "a.uid.split('-').first().value() == '0c9c2e41'",
        "a.uid.split('-').last().value() == '4f9b'",
        "![].first().hasValue() && ![].last().hasValue()",
        "optional.unwrap([optional.of(1), optional.none()]) == [1]",
        "[optional.of(1), optional.none()].unwrapOpt() == [1]",
        "[?optional.of(1), ?optional.none(), 2] == [1, 2]",
        "{?'x': a.?q, ?'y': a.?s} == {'y': 'abc'}",
        "optional.of(1) == optional.of(dyn(1.0)) && optional.of(1) != optional.none()",
        "!has(a.?q.k)",
        "has(a.?m.k)",
    ]);
    assert_eq!(fault("optional.none().value()"), "optional.none() dereference");
}

#[test]
fn the_fallback_of_an_optional_is_evaluated_only_if_it_is_needed() {
    all_hold(&["a.?s.orValue(a.q) == 'abc'", "a.?s.or(optional.of(a.q)).value() == 'abc'"]);
    assert_eq!(fault("a.?q.orValue(a.q)"), "no such key: q");
}

#[test]
fn strings_extension() {
    all_hold(&[
        "'hello'.charAt(1) == 'e' && 'é🚀'.charAt(1) == '🚀' && 'ab'.charAt(2) == ''",
        "'hello'.indexOf('l') == 2 && 'hello'.indexOf('l', 3) == 3 && 'hello'.indexOf('x') == -1",
        "'hello'.indexOf('') == 0 && 'hello'.indexOf('', 2) == 2 && 'hello'.indexOf('l', 9) == -1",
        "'éé-é'.indexOf('é', 1) == 1 && 'éé-é'.lastIndexOf('é') == 3 && 'éé-é'.lastIndexOf('é', 2) == 1",
        "'hello'.lastIndexOf('l') == 3 && 'hello'.lastIndexOf('l', 2) == 2 && 'hello'.lastIndexOf('') == 5",
        "'abcab'.lastIndexOf('ab', 3) == 3 && 'abcab'.lastIndexOf('ab', 2) == 0 && 'x'.lastIndexOf('y', 0) == -1",
        "'HeLLoÉ'.lowerAscii() == 'helloÉ' && 'abcé'.upperAscii() == 'ABCé'",
        "'aaa'.replace('a', 'b') == 'bbb' && 'aaa'.replace('a', 'b', 1) == 'baa'",
        "'aaa'.replace('a', 'b', 0) == 'aaa' && 'aaa'.replace('a', 'b', -1) == 'bbb' && 'ab'.replace('', '-') == '-a-b-'",
        "'a-b-c'.split('-') == ['a', 'b', 'c'] && 'a-b-c'.split('-', 2) == ['a', 'b-c']",
        "'a-b'.split('-', 0) == [] && 'a-b'.split('-', 1) == ['a-b'] && 'a-b'.split('-', -1) == ['a', 'b']",
        "'aé'.split('') == ['a', 'é'] && 'abc'.split('', 2) == ['a', 'bc'] && ''.split('-') == ['']",
        "('x' + 'a-b').split('-') == ['xa', 'b']",
        "'tacocat'.substring(4) == 'cat' && 'tacocat'.substring(0, 4) == 'taco' && 'éa'.substring(1, 2) == 'a'",
        "'\\u00a0 x\\t '.trim() == 'x'",
        "['a', 'b'].join('-') == 'a-b' && ['a', 'b'].join() == 'ab' && [].join('-') == '' && a.l.join('/') == 'a/b'",
        "'abé'.reverse() == 'éba'",
        r#"strings.quote('a"\n\\é') == "\"a\\\"\\n\\\\é\"""#,
        "'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c') && !'abc'.contains('d')",
        "'abc'.matches('^a.c$') && matches('abc', 'b') && 'abc'.matches(a.l[1]) && !'abc'.matches('^b')",
        "size('é🚀') == 2 && 'abc'.size() == 3",
    ]);
    assert_eq!(fault("'ab'.charAt(3)"), "index out of range: 3");
    assert_eq!(fault("'ab'.charAt(-1)"), "index out of range: -1");
    assert_eq!(fault("'ab'.indexOf('a', -1)"), "index out of range: -1");
    assert_eq!(fault("'ab'.substring(2, 1)"), "invalid substring range. start: 2, end: 1");
    assert_eq!(fault("'ab'.substring(3)"), "index out of range: 3");
    assert_eq!(
        fault("'ab'.matches('(' + '')"),
        "invalid pattern: missing closing ): escape ( to match it literally"
    );
    assert_eq!(fault("a.o.join()"), "no such overload: join(list)");
}

#[test]
fn format_writes_every_clause() {
    all_hold(&[
        "'%s=%d %%'.format(['a', dyn(1)]) == 'a=1 %'",
        "'%s %s %s %s'.format([dyn(true), null, 2u, 1.5]) == 'true null 2 1.5'",
        "'%s'.format([['a', 'b']]) == '[a, b]' && '%s'.format([{'b': 1, 'a': 2}]) == '{a: 2, b: 1}'",
        "'%s %s'.format([dyn(duration('90s')), timestamp('2026-08-07T10:00:00Z')]) == '90s 2026-08-07T10:00:00Z'",
        "'%s %s'.format([dyn(b'xyz'), type(1)]) == 'xyz int'",
        "'%f %.2f %.0f'.format([dyn(1.5), 2.345, 2]) == '1.500000 2.35 2'",
        "'%e %.1e'.format([1234.5, 0.00123]) == '1.234500e+03 1.2e-03'",
        "'%x %X %x %x'.format([dyn(255), 255, 'hi', b'\\xff']) == 'ff FF 6869 ff'",
        "'%o %b %b'.format([dyn(8), 5, true]) == '10 101 1' && '%d %x'.format([-3, -255]) == '-3 -ff'",
        "'%f'.format([double('inf')]) == '+Inf'",
    ]);
    assert_eq!(fault("'%s'.format([])"), "could not format: the list is too short");
    assert_eq!(fault("'%q'.format([1])"), "could not format: unknown clause, use one of s d f e x X o b");
    assert_eq!(fault("'%'.format([1])"), "could not format: the template ends within a clause");
    assert_eq!(fault("'%d'.format(['a'])"), "could not format: the clause is not for values of this type");
    assert_eq!(fault("'%.101f'.format([1.0])"), "could not format: bad precision");
}

#[test]
fn sets_and_encoders() {
    all_hold(&[
        "sets.contains([1, 2], [dyn(2.0)]) && !sets.contains([1], [2]) && sets.contains([], [])",
        "sets.equivalent([1, 2, 2], [2, 1]) && !sets.equivalent([1], [1, 2])",
        "sets.intersects([1, 2], [2, 3]) && !sets.intersects([1], [])",
        "sets.contains(a.l, ['b'])",
        "base64.encode(b'hello') == 'aGVsbG8='",
        "base64.decode('aGVsbG8=') == b'hello' && base64.decode('aGVsbG8') == b'hello'",
        "string(base64.decode('aGk=')) == 'hi'",
    ]);
    assert_eq!(fault("base64.decode('?')"), "type conversion error: the value is no base64");
}

#[test]
fn conversions() {
    all_hold(&[
        "string(1) == '1' && string(1u) == '1' && string(true) == 'true' && string(b'x') == 'x' && string('x') == 'x'",
        "string(1.0) == '1' && string(1.5) == '1.5' && string(1e6) == '1e+06' && string(123456.0) == '123456'",
        "string(0.00001) == '1e-05' && string(-0.5) == '-0.5' && string(a.n) == '3'",
        "string(duration('1h30m')) == '5400s' && string(duration('-1.5s')) == '-1.5s'",
        "string(timestamp('2026-08-07T12:00:00.5+02:00')) == '2026-08-07T10:00:00.5Z'",
        "int('3') == 3 && int(3.9) == 3 && int(3u) == 3 && int(timestamp('1970-01-01T00:01:00Z')) == 60",
        "uint('3') == 3u && uint(3) == 3u && uint(3.9) == 3u && double('1.5') == 1.5 && double(2) == 2.0",
        "bool('true') && !bool('F') && bool(a.t) && bytes('é') == b'\\xc3\\xa9' && dyn(1) == 1",
        "type(1) == int && type('a') == string && type(a.n) == double && type(a) == map && type([1]) == list",
        "type(null) == null_type && type(int) == type && type(true) != int && type(1u) == uint && type(b'') == bytes",
    ]);
    for (text, kind) in
        [("int('x')", "int"), ("uint('-1')", "uint"), ("double('x')", "double"), ("bool('x')", "bool")]
    {
        assert_eq!(fault(text), format!("type conversion error: the value is no {kind}"));
    }
    assert_eq!(fault("string(b'\\xff')"), "type conversion error: the value is no UTF-8 text");
    for text in ["int(1e19)", "uint(-1)", "uint(-1.0)", "int(18446744073709551615u)", "int(double('nan'))"] {
        assert_eq!(fault(text), "integer overflow", "{text}");
    }
}

#[test]
fn times_and_durations() {
    all_hold(&[
        "duration('1m') == duration('60s') && duration('1h2m3.5s') == duration('3723500ms') && duration('0').getSeconds() == 0",
        "duration('1h30m').getMinutes() == 90 && duration('90m').getHours() == 1 && duration('1.25s').getMilliseconds() == 250",
        "timestamp('2026-08-07T10:00:00Z') + duration('1h') == timestamp('2026-08-07T11:00:00Z')",
        "timestamp('2026-08-07T10:00:00Z') > timestamp('2026-08-07T09:00:00Z') && duration('1s') < duration('2s')",
        "timestamp(60) == timestamp('1970-01-01T00:01:00Z')",
        "timestamp('2026-08-07T10:11:12.013Z').getFullYear() == 2026 && timestamp('2026-08-07T10:11:12.013Z').getMonth() == 7",
        "timestamp('2026-08-07T10:11:12.013Z').getDate() == 7 && timestamp('2026-08-07T10:11:12.013Z').getDayOfMonth() == 6",
        "timestamp('2026-08-07T10:11:12.013Z').getDayOfWeek() == 5 && timestamp('2026-01-02T00:00:00Z').getDayOfYear() == 1",
        "timestamp('2026-08-07T10:11:12.013Z').getHours() == 10 && timestamp('2026-08-07T10:11:12.013Z').getMinutes() == 11",
        "timestamp('2026-08-07T10:11:12.013Z').getSeconds() == 12 && timestamp('2026-08-07T10:11:12.013Z').getMilliseconds() == 13",
        "timestamp('2026-08-07T23:30:00Z').getDate('+01:00') == 8 && timestamp('2026-08-07T10:00:00Z').getHours('-02:30') == 7",
        "timestamp('2026-08-07T10:00:00Z').getHours('UTC') == 10",
    ]);
    assert_eq!(fault("timestamp('x')"), "type conversion error: the value is no RFC 3339 timestamp");
    assert_eq!(fault("timestamp('9999-12-30T20:00:00Z') + duration('24h')"), "integer overflow");
    for text in ["duration('x')", "duration('1')", "duration('')", "duration('.s')", "duration('1h-1m')"] {
        assert_eq!(fault(text), "type conversion error: the value is no duration", "{text}");
    }
    let zone = "timestamp('2026-08-07T10:00:00Z').getHours('Europe/Berlin')";
    assert_eq!(fault(zone), "unknown time zone: use UTC or an offset such as +02:00");
}

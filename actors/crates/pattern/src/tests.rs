//! Every point in which RE2 and other dialects differ (contract, control plane 5).

use super::{LazyPattern, MATCHED_CHARACTERS, MAX_LENGTH, Pattern, PatternBudget, PatternError, Price};

fn matches(pattern: &str, text: &str) -> bool {
    Pattern::new(pattern).unwrap_or_else(|error| panic!("{pattern:?}: {error}")).is_match(text)
}

fn error(pattern: &str) -> PatternError {
    Pattern::new(pattern).expect_err(pattern)
}

#[track_caller]
fn assert_matches(pattern: &str, yes: &[&str], no: &[&str]) {
    for text in yes {
        assert!(matches(pattern, text), "{pattern:?} should match {text:?}");
    }
    for text in no {
        assert!(!matches(pattern, text), "{pattern:?} should not match {text:?}");
    }
}

#[test]
fn patterns_are_unanchored_and_case_matters() {
    assert_matches("timeout", &["a timeout here"], &["a Timeout here"]);
    assert_matches("", &["", "anything"], &[]);
    assert_matches("größe", &["die größe"], &["GRÖSSE"]);
}

#[test]
fn perl_classes_are_ascii_only() {
    assert_matches(r"^\d+$", &["0129"], &["١٢"]);
    assert_matches(r"^\w+$", &["aZ_9"], &["é"]);
    assert_matches(r"^\s$", &[" ", "\t", "\n", "\x0c", "\r"], &["\x0b", "\u{a0}"]);
    assert_matches(r"^\D\W\S$", &["١éx"], &["1aa", "   "]);
    assert_matches(r"^[\d\s]+$", &["1 2"], &["١"]);
    assert_matches(r"^[^\W]$", &["a"], &["é", "-"]);
}

#[test]
fn word_boundaries_are_ascii_only() {
    assert_matches(r"\bword\b", &["one word more", "éwordé"], &["swordfish"]);
    assert_matches(r"\Bord", &["word"], &["ord", "éord"]);
    assert_matches(r"^a\Bé", &[], &["aé"]);
    assert_matches(r"\B", &["é"], &["aéb"]);
    assert_matches(r"é|\B", &["aéb"], &["a"]);
}

#[test]
fn quoting_takes_everything_literally_up_to_its_end() {
    assert_matches(r"\Qa.b*\E+", &["a.b*", "a.b**"], &["axbb"]);
    assert_matches(r"x\Q[never ended", &["x[never ended"], &["x"]);
    assert_matches(r"^a\Q\E*$", &["", "aaa"], &["b"]);
    assert!(matches!(error(r"a\E"), PatternError::BadEscape(_)));
    assert!(matches!(error(r"[\Qa\E]"), PatternError::BadEscape(_)));
}

#[test]
fn flags_are_i_m_s_and_u_in_upper_case() {
    assert_matches("(?i)ALSO$", &["this also"], &["also this"]);
    assert_matches("(?U)^a+$", &["aaa"], &[""]);
    assert_matches("(?i-s:A.)b", &["a-b"], &["a\nb", "a-B"]);
    assert_matches("(a(?i)b|c)d", &["aBd", "Cd"], &["cD", "Abd"]);
    assert_matches("^a(?i)*$", &["aa"], &["AA"]);
    assert_matches(r"(?i)^[^k]$", &["x"], &["k", "K", "\u{212a}"]);
    for pattern in ["(?x)a b", "(?R)a", "(?u)a", "(?L)a", "(?-)a", "(?i-)a", "(?i-s-m)a", "(?#a)", "(?P=n)"] {
        assert!(matches!(error(pattern), PatternError::BadGroup(_)), "{pattern}");
    }
    assert_eq!(error("(?i"), PatternError::MissingParenthesis);
}

#[test]
fn posix_and_unicode_classes() {
    assert_matches("^[[:alpha:]]+$", &["aZ"], &["é", "1"]);
    assert_matches("^[[:^digit:][:digit:]]$", &["1", "a"], &[""]);
    assert_matches("^[[:word:]-]$", &["_", "-"], &["é"]);
    assert_matches(r"^\pL+$", &["aé"], &["1"]);
    assert_matches(r"^\pN$", &["1", "١"], &["a"]);
    assert_matches(r"^\PL$", &["1"], &["é"]);
    assert_matches(r"^\p{Greek}$", &["λ"], &["l"]);
    assert_matches(r"^[\P{Greek}]$", &["l"], &["λ"]);
    assert_matches(r"^\p{^Greek}$", &["l"], &["λ"]);
    assert_matches(r"^\p{Lu}$", &["É"], &["é"]);
    assert_matches(r"(?i)^\p{Lu}$", &["É", "é"], &["1"]);
    for pattern in [r"\p{Nope}", r"\pX", r"\p{Alphabetic}", r"\p{sc=Greek}", r"\p", r"\p{L", "[[:nope:]]"] {
        assert!(matches!(error(pattern), PatternError::UnknownClass(_)), "{pattern}");
    }
}

#[test]
fn look_around_and_back_references_are_errors() {
    for pattern in ["finish(?!ing)", "a(?=b)", "(?<=a)b", "(?<!a)b"] {
        assert!(matches!(error(pattern), PatternError::LookAround(_)), "{pattern}");
    }
    for pattern in [r"(a)\1", r"(?P<n>a)\k<n>", r"a\Z", r"\C", r"a\G", r"\8"] {
        assert!(matches!(error(pattern), PatternError::BadEscape(_)), "{pattern}");
    }
}

#[test]
fn what_only_looks_like_a_repetition_is_literal() {
    assert_matches("^a{,2}b$", &["a{,2}b"], &["aab"]);
    for literal in ["{", "a{", "a{x}", "a{1", "a{1,", "a{1,x}", "a{01}", "a{ 1}", "a{1 ,2}", "a}", "]"] {
        assert_matches(&format!("^{literal}$"), &[literal], &["a"]);
    }
    assert_matches("^a{2}$", &["aa"], &["a", "aaa"]);
    assert_matches("^a{2,}$", &["aa", "aaa"], &["a"]);
    assert_matches("^a{1,2}$", &["a", "aa"], &["", "aaa"]);
    assert_matches("^a{0}$", &[""], &["a"]);
}

#[test]
fn repetition_of_a_repetition_is_an_error() {
    for pattern in ["x**", "a***", "x+*", "x*+", "x??*", "x*??", "x{2}{3}", "x{2}*"] {
        assert!(matches!(error(pattern), PatternError::NestedRepetition(_)), "{pattern}");
    }
    assert_matches("^x*?y$", &["xxy", "y"], &["x"]);
    assert_matches("^(x*)*$", &["xx"], &["y"]);
    assert_matches("^x{1,2}?$", &["xx"], &["xxx"]);
    for pattern in ["*", "a|*", "(*)", "(?i)+", "?", "{2}", "^|{1,2}"] {
        assert!(matches!(error(pattern), PatternError::NothingToRepeat(_)), "{pattern}");
    }
    assert_matches("^*x", &["ax"], &["a"]);
}

#[test]
fn repeat_counts_and_their_nested_products_end_at_1000() {
    assert_matches("^a{1000}$", &[&"a".repeat(1000)], &[&"a".repeat(999)]);
    Pattern::new("(a{10}b{100}){10}").unwrap();
    Pattern::new("((a{500}){0}){1000}").unwrap();
    Pattern::new("(a{1000})*").unwrap();
    for pattern in [
        "a{1001}",
        "a{1001,}",
        "a{0,1001}",
        "a{99999999999}",
        "a{2,1}",
        "(a{10}b{101}){10}",
        "((a{11}){10}){10}",
    ] {
        assert!(matches!(error(pattern), PatternError::RepeatCount(_)), "{pattern}");
    }
}

#[test]
fn set_operators_are_literal_inside_brackets() {
    assert_matches("^[a&&b]$", &["a", "&", "b"], &["c"]);
    assert_matches("^[a-c--b]$", &["b", "-", "."], &["d"]);
    assert_matches("^[a~~b]$", &["~"], &["c"]);
    assert_matches("^[a[b]$", &["[", "a"], &["]"]);
    assert_matches("^[a[b]]$", &["[]", "a]"], &["a"]);
    assert_matches("^[]a]$", &["]", "a"], &["b"]);
    assert_matches("^[^]a]$", &["b", "\n"], &["]", "a"]);
    assert_matches("^[a-]$", &["-"], &["b"]);
    assert_matches("^[a-b-d]$", &["-", "d"], &["c"]);
    assert_matches("^[[:alpha]$", &["[", ":", "a"], &["b"]);
    assert_matches(r"^[\]\-\^\x41]$", &["]", "-", "^", "A"], &["\\"]);
    assert_matches(r"^[^\x00-\x{10FFFF}]", &[], &["a", ""]);
    for pattern in ["[", "[]", "[a", "[^]", "[a-"] {
        assert_eq!(error(pattern), PatternError::MissingBracket, "{pattern}");
    }
    assert_eq!(error("[b-a]"), PatternError::BadRange("b-a".into()));
    assert!(matches!(error(r"[a-\d]"), PatternError::BadEscape(_)));
    assert!(matches!(error(r"[\b]"), PatternError::BadEscape(_)));
}

#[test]
fn a_dot_matches_one_character_but_a_newline() {
    assert_matches("^a.b$", &["a-b", "aéb", "a🚀b"], &["a\nb", "ab"]);
    assert_matches("(?s)^a.b$", &["a\nb"], &["ab"]);
}

#[test]
fn anchors_mean_the_text_unless_lines_are_asked_for() {
    assert_matches("^included", &["included here"], &["first\nincluded here"]);
    assert_matches("(?m)^included", &["first\nincluded here"], &["not included"]);
    assert_matches("end$", &["the end"], &["the end\n", "end\nmore"]);
    assert_matches("(?m)end$", &["end\nmore", "end\n"], &["end\r\n"]);
    assert_matches(r"(?m)\Aend\z", &["end"], &["a\nend", "end\n"]);
}

#[test]
fn escapes_of_single_characters() {
    assert_matches(r"^\x41\x{1F680}\101\0\07$", &["A🚀A\0\x07"], &["A"]);
    assert_matches(r"^\1234$", &["S4"], &["\u{1}234"]);
    assert_matches(r"^\a\f\n\r\t\v$", &["\x07\x0c\n\r\t\x0b"], &[""]);
    assert_matches(r"^\.\_\-\/\ $", &["._-/ "], &["x_-/ "]);
    for pattern in [r"\x", r"\x4", r"\xzz", r"\x{}", r"\x{110000}", r"\x{+41}", r"\x{41", r"\y", r"\é", r"\9"]
    {
        assert!(matches!(error(pattern), PatternError::BadEscape(_)), "{pattern}");
    }
    assert_eq!(error("a\\"), PatternError::TrailingBackslash);
    assert_eq!(error("[a\\"), PatternError::TrailingBackslash);
}

#[test]
fn groups_and_alternations() {
    assert_matches("^(?P<n>a)(?<m>b)(?:c)(d)()$", &["abcd"], &["abc"]);
    assert_matches("^(a||b)$", &["a", "", "b"], &["c"]);
    assert_matches("^(|a)*x|$", &["aax", ""], &[]);
    assert_eq!(error("(a"), PatternError::MissingParenthesis);
    assert_eq!(error("a)"), PatternError::UnexpectedParenthesis);
    for pattern in ["(?P<n>a)(?P<n>b)", "(?P<>a)", "(?P<n-m>a)", "(?<n", "(?<é>a)"] {
        assert!(matches!(error(pattern), PatternError::BadName(_)), "{pattern}");
    }
}

#[test]
fn size_and_depth_are_bounded() {
    assert_eq!(error(&"a".repeat(MAX_LENGTH + 1)), PatternError::TooLarge);
    Pattern::new(&"ab".repeat(MAX_LENGTH / 2)).unwrap();
    assert_eq!(error(r"(\pL{100}x){10}"), PatternError::TooLarge);
    assert_eq!(error(&r"\pL".repeat(2000)), PatternError::TooLarge);
    assert_eq!(error(&format!("[{}]", r"\pL".repeat(2000))), PatternError::TooLarge);
    let nested = |depth: usize| format!("{}a{}", "(".repeat(depth), "|b)*".repeat(depth));
    Pattern::new(&nested(125)).unwrap();
    assert_eq!(error(&nested(126)), PatternError::TooDeep);
    assert_eq!(error(&"(".repeat(4000)), PatternError::TooDeep);
    assert_eq!(error(&format!("a{}", r"*\Q\E".repeat(300))), PatternError::TooDeep);
}

#[test]
fn an_error_names_the_remedy() {
    assert_eq!(error("["), PatternError::MissingBracket);
    let text = error("x**").to_string();
    assert_eq!(text, "repetition of a repetition at '*': group what is repeated, as in (a*)*");
    assert_eq!(Pattern::new("a+").unwrap().as_str(), "a+");
}

#[test]
fn issue_15_the_patterns_of_an_alert_may_cost_50_ms_and_no_order_of_alerts_changes_what_fits() {
    let refused = |budget: &mut PatternBudget, source: &str| match budget.check(source) {
        Err(PatternError::TooDear { .. } | PatternError::TooMany) => true,
        other => other.map(|_| false).unwrap_or_else(|error| panic!("{source}: {error}")),
    };
    let mut budget = PatternBudget::default();
    assert!(refused(&mut budget, "a{0,999}a{999}z0"), "as in the attack of tests/cases/tenant-patterns");
    let fitting = (0..1000).take_while(|n| !refused(&mut budget, &format!("failed {n}.*timeout"))).count();
    assert!((20..100).contains(&fitting), "{fitting}");
    let known = LazyPattern::new("failed 000.*timeout").unwrap();
    let (mut budget, mut admitted) = (PatternBudget::default(), 0);
    while budget.admit(&known).is_ok() {
        admitted += 1;
    }
    assert_eq!(admitted, fitting);
    let mut budget = PatternBudget::default();
    let text = budget.check("a{0,999}").and(budget.check("[^z]{200}z")).unwrap_err().to_string();
    assert!(text.contains("may cost 78.") && text.contains("write .*"), "{text}");
}

#[test]
fn issue_15_reading_patterns_is_bounded_too() {
    let count = |source: &dyn Fn(usize) -> String| {
        let mut budget = PatternBudget::default();
        (0..100_000).find(|n| budget.check(&source(*n)).err() == Some(PatternError::TooMany)).unwrap()
    };
    assert!((50..200).contains(&count(&|n| format!("failed {n}"))));
    assert!((5..20).contains(&count(&|n| format!("^{}{n}", "ab".repeat(2000)))));
    assert!(count(&|n| format!(r"x\pL{{0,200}}\pN{{0,100}}y{n}")) < 100);
    let begin = std::time::Instant::now();
    for _ in 0..250 {
        let mut budget = PatternBudget::default();
        for pattern in 0..8 {
            assert!(budget.check(&format!(r"x\pL{{0,200}}\pN{{0,100}}y{pattern}")).is_err());
        }
    }
    assert!(begin.elapsed().as_secs() < 10, "250 Alerts hold up the start: {:?}", begin.elapsed());
}

#[test]
fn issue_15_longer_messages_are_matched_on_their_first_39000_characters() {
    let long = |end: &str| format!("{}{end}", "é".repeat(MATCHED_CHARACTERS - 1));
    assert_matches("x", &[&long("x")], &[&long("yx")]);
    assert_matches("é$", &[&long("éx")], &[]);
}

/// No pattern that is taken fails when it is compiled, however its classes are encoded.
#[test]
fn issue_15_what_is_priced_compiles() {
    const PIECES: &[&str] = &[
        "failed",
        "日本",
        ".",
        "(?s:.)+",
        r"\d+",
        "[^x]",
        "[α-ω]?",
        r"\pN",
        r"\PL",
        "(a|bc|def)",
        "(?i:timeout)",
        "(?i:ſk)",
        "x{3}",
        r"\b",
        r"\B",
        "^",
        "$",
        r"\p{Greek}{2}",
        r"(?i:\pL)",
        "(?:a?){50}",
    ];
    for first in PIECES {
        for second in PIECES {
            for count in [1, 10, 60] {
                let source = [*first, *second].repeat(count).concat();
                if LazyPattern::new(&source).is_ok() {
                    Pattern::new(&source).unwrap_or_else(|error| panic!("{source}: {error}"));
                }
            }
        }
    }
}

/// Every pattern that people use is far from the bound (issue 15, item 1).
#[test]
fn issue_15_a_hundred_patterns_from_public_repositories_cost_at_most_a_tenth() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/fixtures/patterns.txt");
    let text = std::fs::read_to_string(file).unwrap();
    let patterns: Vec<&str> =
        text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    assert!(patterns.len() >= 100, "{}", patterns.len());
    for pattern in patterns {
        let price = LazyPattern::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}")).price();
        assert!(price <= Price::milliseconds(5), "{pattern} costs {price}");
    }
}

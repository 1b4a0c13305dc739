//! Sets of characters: brackets, `\d` and its like, `[:alpha:]` and its like, and Unicode's categories and scripts.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

use super::flags::{Flags, MAX_RANGES};
use super::{PatternError, escape};

/// RE2's names between `[:` and `:]`, and the ranges behind them.
const POSIX: &[(&str, &[(char, char)])] = &[
    ("alnum", &[('0', '9'), ('A', 'Z'), ('a', 'z')]),
    ("alpha", &[('A', 'Z'), ('a', 'z')]),
    ("ascii", &[('\0', '\x7f')]),
    ("blank", &[('\t', '\t'), (' ', ' ')]),
    ("cntrl", &[('\0', '\x1f'), ('\x7f', '\x7f')]),
    ("digit", DIGIT),
    ("graph", &[('!', '~')]),
    ("lower", &[('a', 'z')]),
    ("print", &[(' ', '~')]),
    ("punct", &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
    ("space", &[('\t', '\r'), (' ', ' ')]),
    ("upper", &[('A', 'Z')]),
    ("word", WORD),
    ("xdigit", &[('0', '9'), ('A', 'F'), ('a', 'f')]),
];
const DIGIT: &[(char, char)] = &[('0', '9')];
/// Without the vertical tab, which only `[:space:]` has.
const SPACE: &[(char, char)] = &[('\t', '\n'), ('\x0c', '\r'), (' ', ' ')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

/// The set of `ranges` and of the same letters in the other case.
pub(super) fn folded(ranges: impl IntoIterator<Item = ClassUnicodeRange>) -> ClassUnicode {
    let mut set = ClassUnicode::new(ranges);
    fold(&mut set);
    set
}

fn fold(set: &mut ClassUnicode) {
    // It fails only where the Unicode tables were left out at build time, and then there is nothing to fold.
    set.try_case_fold_simple().unwrap_or_default();
}

fn build(ranges: &[(char, char)], negated: bool, flags: Flags) -> ClassUnicode {
    let set = ClassUnicode::new(ranges.iter().map(|&(from, to)| ClassUnicodeRange::new(from, to)));
    finish(set, negated, flags)
}

/// Folds, then negates: `(?i)[^k]` leaves out both `k` and `K`.
fn finish(mut set: ClassUnicode, negated: bool, flags: Flags) -> ClassUnicode {
    if flags.fold {
        fold(&mut set);
    }
    if negated {
        set.negate();
    }
    set
}

/// Takes a named set such as `d` or `pL` off `rest`, which begins after the backslash; nothing if none is there.
pub(super) fn named(rest: &mut &str, flags: Flags) -> Result<Option<ClassUnicode>, PatternError> {
    let mut chars = rest.chars();
    let first = chars.next();
    let (ranges, negated) = match first {
        Some('d') => (DIGIT, false),
        Some('D') => (DIGIT, true),
        Some('s') => (SPACE, false),
        Some('S') => (SPACE, true),
        Some('w') => (WORD, false),
        Some('W') => (WORD, true),
        Some('p' | 'P') => {
            *rest = chars.as_str();
            return unicode(rest, first == Some('P'), flags).map(Some);
        }
        _ => return Ok(None),
    };
    *rest = chars.as_str();
    Ok(Some(build(ranges, negated, flags)))
}

/// The name after `\p` or `\P`: one letter, or any name in braces.
fn unicode(rest: &mut &str, negated: bool, flags: Flags) -> Result<ClassUnicode, PatternError> {
    let (name, after) = match rest.strip_prefix('{') {
        Some(braced) => braced.split_once('}').ok_or_else(|| unknown(braced))?,
        None => {
            let width = rest.chars().next().map_or(0, char::len_utf8);
            rest.split_at_checked(width).ok_or_else(|| unknown(rest))?
        }
    };
    let (plain, negated) = match name.strip_prefix('^') {
        Some(plain) => (plain, !negated),
        None => (name, negated),
    };
    let set = table(plain).ok_or_else(|| unknown(name))?;
    *rest = after;
    Ok(finish(set, negated, flags))
}

/// A general category or a script. Binary properties are not RE2's.
fn table(name: &str) -> Option<ClassUnicode> {
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' ');
    if name.is_empty() || !name.chars().all(valid) {
        return None;
    }
    ["gc", "sc"].into_iter().find_map(|property| {
        let tree = regex_syntax::parse(&format!("\\p{{{property}={name}}}")).ok()?;
        match tree.into_kind() {
            HirKind::Class(Class::Unicode(set)) => Some(set),
            _ => None,
        }
    })
}

/// Takes a bracket expression off `rest`, which begins after the opening bracket.
pub(super) fn bracket(rest: &mut &str, flags: Flags) -> Result<ClassUnicode, PatternError> {
    let negated = take(rest, "^");
    let mut set = Vec::new();
    let mut first = true;
    while first || !take(rest, "]") {
        first = false;
        if let Some(part) = member(rest, flags)? {
            set.extend_from_slice(part.ranges());
            if set.len() > MAX_RANGES {
                return Err(PatternError::TooLarge);
            }
            continue;
        }
        let before = *rest;
        let from = bracket_char(rest)?;
        let is_range =
            rest.strip_prefix('-').is_some_and(|after| !after.is_empty() && !after.starts_with(']'));
        let to = if is_range && take(rest, "-") { bracket_char(rest)? } else { from };
        if to < from {
            let range = before.strip_suffix(*rest).unwrap_or(before);
            return Err(PatternError::BadRange(range.to_owned()));
        }
        set.push(ClassUnicodeRange::new(from, to));
    }
    Ok(finish(ClassUnicode::new(set), negated, flags))
}

/// A set inside a bracket expression, already folded and negated on its own.
fn member(rest: &mut &str, flags: Flags) -> Result<Option<ClassUnicode>, PatternError> {
    if let Some((name, after)) = rest.strip_prefix("[:").and_then(|inner| inner.split_once(":]")) {
        let (plain, negated) = name.strip_prefix('^').map_or((name, false), |plain| (plain, true));
        let (_, ranges) = POSIX.iter().find(|(known, _)| *known == plain).ok_or_else(|| unknown(name))?;
        *rest = after;
        return Ok(Some(build(ranges, negated, flags)));
    }
    let Some(mut escaped) = rest.strip_prefix('\\') else { return Ok(None) };
    let set = named(&mut escaped, flags)?;
    if set.is_some() {
        *rest = escaped;
    }
    Ok(set)
}

fn bracket_char(rest: &mut &str) -> Result<char, PatternError> {
    if take(rest, "\\") {
        return escape::character(rest);
    }
    let mut chars = rest.chars();
    let literal = chars.next().ok_or(PatternError::MissingBracket)?;
    *rest = chars.as_str();
    Ok(literal)
}

fn take(rest: &mut &str, token: &str) -> bool {
    let Some(after) = rest.strip_prefix(token) else { return false };
    *rest = after;
    true
}

fn unknown(name: &str) -> PatternError {
    PatternError::UnknownClass(name.chars().take(32).collect())
}

//! Text: the standard functions and the string and base64 extensions. Positions count characters, not bytes.
//!
//! `matches` stands here for its types only: the evaluator treats it itself, since it keeps compiled patterns.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::error::Fault;
use super::super::meter::Meter;
use super::super::types::Sig::{Bool, Bytes, Int, List, String as Str};
use super::super::value::{List as Elements, Text, Value};
use super::{Function, Outcome, Overload, Style::Global, Style::Member, row};

pub(super) const FUNCTIONS: &[Function] = &[
    row("contains", Member, TEST, |meter, args| test(meter, args, |text, part| text.contains(part))),
    row("startsWith", Member, TEST, |meter, args| test(meter, args, |text, part| text.starts_with(part))),
    row("endsWith", Member, TEST, |meter, args| test(meter, args, |text, part| text.ends_with(part))),
    row("matches", Member, TEST, |_, _| Ok(None)),
    row("matches", Global, TEST, |_, _| Ok(None)),
    row("charAt", Member, &[Overload(&[Str, Int], Str)], char_at),
    row("indexOf", Member, FIND, index_of),
    row("lastIndexOf", Member, FIND, last_index_of),
    row("lowerAscii", Member, SAME, |meter, args| changed(meter, args, str::to_ascii_lowercase)),
    row("upperAscii", Member, SAME, |meter, args| changed(meter, args, str::to_ascii_uppercase)),
    row("trim", Member, SAME, |meter, args| changed(meter, args, |text| text.trim().to_owned())),
    row("reverse", Member, SAME, |meter, args| changed(meter, args, |text| text.chars().rev().collect())),
    row("replace", Member, &[Overload(&[Str, Str, Str], Str), Overload(&[Str, Str, Str, Int], Str)], replace),
    row("split", Member, &[Overload(&[Str, Str], List(&Str)), Overload(&[Str, Str, Int], List(&Str))], split),
    row("substring", Member, &[Overload(&[Str, Int], Str), Overload(&[Str, Int, Int], Str)], substring),
    row("join", Member, &[Overload(&[List(&Str)], Str), Overload(&[List(&Str), Str], Str)], join),
    row("strings.quote", Global, SAME, |meter, args| changed(meter, args, quoted)),
    row("base64.encode", Global, &[Overload(&[Bytes], Str)], base64_encode),
    row("base64.decode", Global, &[Overload(&[Str], Bytes)], base64_decode),
];

const TEST: &[Overload] = &[Overload(&[Str, Str], Bool)];
const FIND: &[Overload] = &[Overload(&[Str, Str], Int), Overload(&[Str, Str, Int], Int)];
const SAME: &[Overload] = &[Overload(&[Str], Str)];

/// The longest form of one character in a quoted text.
const QUOTED_GROWTH: usize = 2;

fn test<'a>(meter: &mut Meter, args: &[Value<'a>], holds: fn(&str, &str) -> bool) -> Outcome<'a> {
    let [Value::Text(text), Value::Text(part)] = args else { return Ok(None) };
    meter.spend_bytes(text.len() + part.len())?;
    Ok(Some(Value::Bool(holds(text, part))))
}

/// A text made from one text, at most [`QUOTED_GROWTH`] times as long.
fn changed<'a>(meter: &mut Meter, args: &[Value<'a>], change: fn(&str) -> String) -> Outcome<'a> {
    let [Value::Text(text)] = args else { return Ok(None) };
    meter.spend_bytes(text.len() * QUOTED_GROWTH)?;
    Ok(Some(Value::text(change(text))))
}

fn char_at<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let [Value::Text(text), Value::Int(at)] = args else { return Ok(None) };
    meter.spend_bytes(text.len())?;
    let start = position(text, *at)?;
    let found = text.get(start..).and_then(|rest| rest.chars().next());
    Ok(Some(Value::text(found.map(String::from).unwrap_or_default())))
}

fn index_of<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let (text, part, from) = match args {
        [Value::Text(text), Value::Text(part)] => (text, part, 0),
        [Value::Text(text), Value::Text(part), Value::Int(from)] => (text, part, *from),
        _ => return Ok(None),
    };
    meter.spend_bytes(text.len())?;
    let Some(start) = offset(text, from)? else { return Ok(Some(Value::Int(-1))) };
    let rest = text.get(start..).unwrap_or_default();
    character(text, rest.find(&**part).map(|at| start + at))
}

fn last_index_of<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let (text, part, until) = match args {
        [Value::Text(text), Value::Text(part)] => (text, part, None),
        [Value::Text(text), Value::Text(part), Value::Int(until)] => (text, part, Some(*until)),
        _ => return Ok(None),
    };
    meter.spend_bytes(text.len())?;
    let Some(until) = until else { return character(text, text.rfind(&**part)) };
    let Some(start) = offset(text, until)? else { return Ok(Some(Value::Int(-1))) };
    // A match may begin at `start` and reach beyond it.
    let end = text.len().min(start + part.len());
    let end = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(end);
    let head = text.get(..end).unwrap_or_default();
    let found = head.rfind(&**part).filter(|at| *at <= start);
    character(text, found.or_else(|| text.get(..start).and_then(|head| head.rfind(&**part))))
}

fn replace<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let (text, old, new, limit) = match args {
        [Value::Text(text), Value::Text(old), Value::Text(new)] => (text, old, new, -1),
        [Value::Text(text), Value::Text(old), Value::Text(new), Value::Int(limit)] => {
            (text, old, new, *limit)
        }
        _ => return Ok(None),
    };
    meter.spend_bytes(text.len())?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = text.matches(&**old).take(limit).count();
    meter.spend_bytes(text.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(Some(Value::text(text.replacen(&**old, new, limit))))
}

fn split<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let (text, separator, limit) = match args {
        [Value::Text(text), Value::Text(separator)] => (text, separator, -1),
        [Value::Text(text), Value::Text(separator), Value::Int(limit)] => (text, separator, *limit),
        _ => return Ok(None),
    };
    meter.spend_bytes(text.len())?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if limit == 0 {
        return Ok(Some(Value::list(Vec::new())));
    }
    if separator.is_empty() {
        return characters(meter, text, limit);
    }
    let mut parts = Vec::new();
    for part in text.splitn(limit, &**separator) {
        meter.spend(1)?;
        parts.push(piece(text, part));
    }
    Ok(Some(Value::list(parts)))
}

/// Every character by itself, and with a limit the rest in one.
fn characters<'a>(meter: &mut Meter, text: &Text<'a>, limit: usize) -> Outcome<'a> {
    let mut parts = Vec::new();
    let mut rest: &str = text;
    while let Some(first) = rest.chars().next() {
        meter.spend(1)?;
        let width = if parts.len() + 1 == limit { rest.len() } else { first.len_utf8() };
        let Some((part, after)) = rest.split_at_checked(width) else { break };
        parts.push(piece(text, part));
        rest = after;
    }
    Ok(Some(Value::list(parts)))
}

/// A part of `text` as a value: borrowed where the text is.
fn piece<'a>(text: &Text<'a>, part: &str) -> Value<'a> {
    if let Text::Borrowed(whole) = text {
        let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
        if let Some(part) = whole.get(start..start + part.len()) {
            return Value::Text(Text::Borrowed(part));
        }
    }
    Value::text(part)
}

fn substring<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let (text, start, end) = match args {
        [Value::Text(text), Value::Int(start)] => (text, *start, None),
        [Value::Text(text), Value::Int(start), Value::Int(end)] => (text, *start, Some(*end)),
        _ => return Ok(None),
    };
    meter.spend_bytes(text.len())?;
    let from = position(text, start)?;
    let to = end.map_or(Ok(text.len()), |end| position(text, end))?;
    let part = text.get(from..to);
    let part = part.ok_or(Fault::BadRange { start, end: end.unwrap_or_default() })?;
    Ok(Some(piece(text, part)))
}

fn join<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let (list, separator) = match args {
        [Value::List(list)] => (list, ""),
        [Value::List(list), Value::Text(separator)] => (list, &**separator),
        _ => return Ok(None),
    };
    joined(meter, list, separator)
}

fn joined<'a>(meter: &mut Meter, list: &Elements<'a>, separator: &str) -> Outcome<'a> {
    let mut text = String::new();
    for (at, element) in list.iter().enumerate() {
        let Value::Text(part) = element else { return Ok(None) };
        meter.spend_bytes(separator.len() + part.len())?;
        if at > 0 {
            text.push_str(separator);
        }
        text.push_str(&part);
    }
    Ok(Some(Value::text(text)))
}

/// A text in double quotes, with the escapes of Go for what cannot stand there.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        let escape = match c {
            '\u{7}' => 'a',
            '\u{8}' => 'b',
            '\u{c}' => 'f',
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\u{b}' => 'v',
            '\\' | '"' => c,
            plain => {
                quoted.push(plain);
                continue;
            }
        };
        quoted.extend(['\\', escape]);
    }
    quoted.push('"');
    quoted
}

/// The standard alphabet; decoding takes input with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

fn base64_encode<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let [Value::Bytes(bytes)] = args else { return Ok(None) };
    meter.spend_bytes(bytes.len() * 2)?;
    Ok(Some(Value::text(BASE64.encode(bytes))))
}

fn base64_decode<'a>(meter: &mut Meter, args: &[Value<'a>]) -> Outcome<'a> {
    let [Value::Text(text)] = args else { return Ok(None) };
    meter.spend_bytes(text.len())?;
    let bytes = BASE64.decode(text.as_bytes()).map_err(|_| Fault::Conversion("base64"))?;
    Ok(Some(Value::Bytes(bytes.into())))
}

/// The byte at which character `at` begins, or the end of the text.
fn position(text: &str, at: i64) -> Result<usize, Fault> {
    offset(text, at)?.ok_or(Fault::IndexOutOfRange(at))
}

/// The byte at which character `at` begins; none beyond the end of the text.
fn offset(text: &str, at: i64) -> Result<Option<usize>, Fault> {
    let wanted = usize::try_from(at).map_err(|_| Fault::IndexOutOfRange(at))?;
    Ok(text.char_indices().map(|(byte, _)| byte).chain([text.len()]).nth(wanted))
}

/// The number of the character that begins at byte `at`, or -1.
fn character<'a>(text: &str, at: Option<usize>) -> Outcome<'a> {
    let count = at.and_then(|at| text.get(..at)).map(|head| head.chars().count());
    let count = count.and_then(|count| i64::try_from(count).ok());
    Ok(Some(Value::Int(count.unwrap_or(-1))))
}

//! Text: the standard functions and the string and base64 extensions. Positions count characters, not bytes.
//!
//! `matches` stands here for its types only: the evaluator treats it itself, since it keeps compiled patterns.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::error::EvaluationError;
use super::super::meter::StepMeter;
use super::super::types::Sig::{Bool, Bytes, Int, List, String as Str};
use super::super::value::{CelValue, List as Elements, TextValue};
use super::{CallResult, CallStyle::Global, CallStyle::Member, Function, Overload, row};

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

fn test<'a>(meter: &mut StepMeter, args: &[CelValue<'a>], holds: fn(&str, &str) -> bool) -> CallResult<'a> {
    let [CelValue::Text(text), CelValue::Text(part)] = args else { return Ok(None) };
    meter.spend_bytes(text.len() + part.len())?;
    Ok(Some(CelValue::Bool(holds(text, part))))
}

/// A text made from one text, at most [`QUOTED_GROWTH`] times as long.
fn changed<'a>(meter: &mut StepMeter, args: &[CelValue<'a>], change: fn(&str) -> String) -> CallResult<'a> {
    let [CelValue::Text(text)] = args else { return Ok(None) };
    meter.spend_bytes(text.len() * QUOTED_GROWTH)?;
    Ok(Some(CelValue::text(change(text))))
}

fn char_at<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::Text(text), CelValue::Int(at)] = args else { return Ok(None) };
    meter.spend_bytes(text.len())?;
    let start = position(text, *at)?;
    let found = text.get(start..).and_then(|rest| rest.chars().next());
    Ok(Some(CelValue::text(found.map(String::from).unwrap_or_default())))
}

fn index_of<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let (text, part, from) = match args {
        [CelValue::Text(text), CelValue::Text(part)] => (text, part, 0),
        [CelValue::Text(text), CelValue::Text(part), CelValue::Int(from)] => (text, part, *from),
        _ => return Ok(None),
    };
    meter.spend_bytes(text.len())?;
    let Some(start) = offset(text, from)? else { return Ok(Some(CelValue::Int(-1))) };
    let rest = text.get(start..).unwrap_or_default();
    character(text, rest.find(&**part).map(|at| start + at))
}

fn last_index_of<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let (text, part, until) = match args {
        [CelValue::Text(text), CelValue::Text(part)] => (text, part, None),
        [CelValue::Text(text), CelValue::Text(part), CelValue::Int(until)] => (text, part, Some(*until)),
        _ => return Ok(None),
    };
    meter.spend_bytes(text.len())?;
    let Some(until) = until else { return character(text, text.rfind(&**part)) };
    let Some(start) = offset(text, until)? else { return Ok(Some(CelValue::Int(-1))) };
    // A match may begin at `start` and reach beyond it.
    let end = text.len().min(start + part.len());
    let end = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(end);
    let head = text.get(..end).unwrap_or_default();
    let found = head.rfind(&**part).filter(|at| *at <= start);
    character(text, found.or_else(|| text.get(..start).and_then(|head| head.rfind(&**part))))
}

fn replace<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let (text, old, new, limit) = match args {
        [CelValue::Text(text), CelValue::Text(old), CelValue::Text(new)] => (text, old, new, -1),
        [CelValue::Text(text), CelValue::Text(old), CelValue::Text(new), CelValue::Int(limit)] => {
            (text, old, new, *limit)
        }
        _ => return Ok(None),
    };
    meter.spend_bytes(text.len())?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = text.matches(&**old).take(limit).count();
    meter.spend_bytes(text.len().saturating_add(found.saturating_mul(new.len())))?;
    Ok(Some(CelValue::text(text.replacen(&**old, new, limit))))
}

fn split<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let (text, separator, limit) = match args {
        [CelValue::Text(text), CelValue::Text(separator)] => (text, separator, -1),
        [CelValue::Text(text), CelValue::Text(separator), CelValue::Int(limit)] => (text, separator, *limit),
        _ => return Ok(None),
    };
    meter.spend_bytes(text.len())?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if limit == 0 {
        return Ok(Some(CelValue::list(Vec::new())));
    }
    if separator.is_empty() {
        return characters(meter, text, limit);
    }
    let mut parts = Vec::new();
    for part in text.splitn(limit, &**separator) {
        meter.spend(1)?;
        parts.push(piece(text, part));
    }
    Ok(Some(CelValue::list(parts)))
}

/// Every character by itself, and with a limit the rest in one.
fn characters<'a>(meter: &mut StepMeter, text: &TextValue<'a>, limit: usize) -> CallResult<'a> {
    let mut parts = Vec::new();
    let mut rest: &str = text;
    while let Some(first) = rest.chars().next() {
        meter.spend(1)?;
        let width = if parts.len() + 1 == limit { rest.len() } else { first.len_utf8() };
        let Some((part, after)) = rest.split_at_checked(width) else { break };
        parts.push(piece(text, part));
        rest = after;
    }
    Ok(Some(CelValue::list(parts)))
}

/// A part of `text` as a value: borrowed where the text is.
fn piece<'a>(text: &TextValue<'a>, part: &str) -> CelValue<'a> {
    if let TextValue::Borrowed(whole) = text {
        let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
        if let Some(part) = whole.get(start..start + part.len()) {
            return CelValue::Text(TextValue::Borrowed(part));
        }
    }
    CelValue::text(part)
}

fn substring<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let (text, start, end) = match args {
        [CelValue::Text(text), CelValue::Int(start)] => (text, *start, None),
        [CelValue::Text(text), CelValue::Int(start), CelValue::Int(end)] => (text, *start, Some(*end)),
        _ => return Ok(None),
    };
    meter.spend_bytes(text.len())?;
    let from = position(text, start)?;
    let to = end.map_or(Ok(text.len()), |end| position(text, end))?;
    let part = text.get(from..to);
    let part = part.ok_or(EvaluationError::BadRange { start, end: end.unwrap_or_default() })?;
    Ok(Some(piece(text, part)))
}

fn join<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let (list, separator) = match args {
        [CelValue::List(list)] => (list, ""),
        [CelValue::List(list), CelValue::Text(separator)] => (list, &**separator),
        _ => return Ok(None),
    };
    joined(meter, list, separator)
}

fn joined<'a>(meter: &mut StepMeter, list: &Elements<'a>, separator: &str) -> CallResult<'a> {
    let mut text = String::new();
    for (at, element) in list.iter().enumerate() {
        let CelValue::Text(part) = element else { return Ok(None) };
        meter.spend_bytes(separator.len() + part.len())?;
        if at > 0 {
            text.push_str(separator);
        }
        text.push_str(&part);
    }
    Ok(Some(CelValue::text(text)))
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

fn base64_encode<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::Bytes(bytes)] = args else { return Ok(None) };
    meter.spend_bytes(bytes.len() * 2)?;
    Ok(Some(CelValue::text(BASE64.encode(bytes))))
}

fn base64_decode<'a>(meter: &mut StepMeter, args: &[CelValue<'a>]) -> CallResult<'a> {
    let [CelValue::Text(text)] = args else { return Ok(None) };
    meter.spend_bytes(text.len())?;
    let bytes = BASE64.decode(text.as_bytes()).map_err(|_| EvaluationError::Conversion("base64"))?;
    Ok(Some(CelValue::Bytes(bytes.into())))
}

/// The byte at which character `at` begins, or the end of the text.
fn position(text: &str, at: i64) -> Result<usize, EvaluationError> {
    offset(text, at)?.ok_or(EvaluationError::IndexOutOfRange(at))
}

/// The byte at which character `at` begins; none beyond the end of the text.
fn offset(text: &str, at: i64) -> Result<Option<usize>, EvaluationError> {
    let wanted = usize::try_from(at).map_err(|_| EvaluationError::IndexOutOfRange(at))?;
    Ok(text.char_indices().map(|(byte, _)| byte).chain([text.len()]).nth(wanted))
}

/// The number of the character that begins at byte `at`, or -1.
fn character<'a>(text: &str, at: Option<usize>) -> CallResult<'a> {
    let count = at.and_then(|at| text.get(..at)).map(|head| head.chars().count());
    let count = count.and_then(|count| i64::try_from(count).ok());
    Ok(Some(CelValue::Int(count.unwrap_or(-1))))
}

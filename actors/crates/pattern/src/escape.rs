//! Escapes that stand for one character.

use super::PatternError;

/// Takes one escaped character off `rest`, which begins after the backslash.
pub(super) fn character(rest: &mut &str) -> Result<char, PatternError> {
    let mut chars = rest.chars();
    let first = chars.next().ok_or(PatternError::TrailingBackslash)?;
    let mut after = chars.as_str();
    let found = match first {
        // A digit that no other octal digit follows would be a back-reference.
        '1'..='7' if !after.starts_with(is_octal) => None,
        '0'..='7' => octal(first, &mut after),
        'x' => hexadecimal(&mut after),
        'a' => Some('\x07'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\x0b'),
        mark if mark.is_ascii() && !mark.is_ascii_alphanumeric() => Some(mark),
        _ => None,
    };
    let found = found.ok_or_else(|| PatternError::BadEscape(format!("\\{first}")))?;
    *rest = after;
    Ok(found)
}

fn is_octal(c: char) -> bool {
    c.is_digit(8)
}

/// At most three octal digits in all.
fn octal(first: char, rest: &mut &str) -> Option<char> {
    let mut value = first.to_digit(8)?;
    for _ in 0..2 {
        let mut chars = rest.chars();
        let Some(digit) = chars.next().and_then(|c| c.to_digit(8)) else { break };
        value = value * 8 + digit;
        *rest = chars.as_str();
    }
    char::from_u32(value)
}

/// Two hexadecimal digits, or any number of them in braces.
fn hexadecimal(rest: &mut &str) -> Option<char> {
    let digits = match rest.strip_prefix('{') {
        Some(braced) => {
            let (digits, after) = braced.split_once('}')?;
            *rest = after;
            digits
        }
        None => {
            let (digits, after) = rest.split_at_checked(2)?;
            *rest = after;
            digits
        }
    };
    let digits = digits.bytes().all(|b| b.is_ascii_hexdigit()).then_some(digits)?;
    u32::from_str_radix(digits, 16).ok().and_then(char::from_u32)
}

//! Parser of groups: what may follow an opening parenthesis.

use super::PatternError;
use super::flags::Flags;

/// The construct that an opening parenthesis begins.
pub(super) enum Opening<'p> {
    /// A group without a name, in which these flags hold.
    Group(Flags),
    /// A group with a name.
    Named(&'p str),
    /// No group: these flags hold up to the end of the one around it.
    Flags(Flags),
}

/// Takes what belongs to an opening parenthesis off `rest`, which begins after it.
pub(super) fn opening<'p>(rest: &mut &'p str, flags: Flags) -> Result<Opening<'p>, PatternError> {
    let Some(special) = rest.strip_prefix('?') else { return Ok(Opening::Group(flags)) };
    for look_around in ["?=", "?!", "?<=", "?<!"] {
        if rest.starts_with(look_around) {
            return Err(PatternError::LookAround(look_around));
        }
    }
    if let Some(named) = special.strip_prefix("P<").or_else(|| special.strip_prefix('<')) {
        let (name, after) = named.split_once('>').ok_or_else(|| PatternError::BadName(cut(named)))?;
        if name.is_empty() || !name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()) {
            return Err(PatternError::BadName(cut(name)));
        }
        *rest = after;
        return Ok(Opening::Named(name));
    }
    flag_list(rest, special, flags)
}

/// `flags)`, `flags-flags)`, and the same with a colon.
fn flag_list<'p>(rest: &mut &'p str, list: &'p str, mut flags: Flags) -> Result<Opening<'p>, PatternError> {
    let mut chars = list.chars();
    let (mut value, mut bare_minus) = (true, false);
    loop {
        let next = chars.next();
        match next {
            Some('i') => flags.fold = value,
            Some('m') => flags.lines = value,
            Some('s') => flags.dot_all = value,
            Some('U') => {}
            Some('-') if value => {
                (value, bare_minus) = (false, true);
                continue;
            }
            Some(')') if !bare_minus => {
                *rest = chars.as_str();
                return Ok(Opening::Flags(flags));
            }
            Some(':') if !bare_minus => {
                *rest = chars.as_str();
                return Ok(Opening::Group(flags));
            }
            Some(_) => return Err(PatternError::BadGroup(cut(&format!("(?{list}")))),
            None => return Err(PatternError::MissingParenthesis),
        }
        bare_minus = false;
    }
}

/// The beginning of a text, long enough to find the place.
fn cut(text: &str) -> String {
    text.chars().take(16).collect()
}

//! Variables that a template left in a text.

/// The first `${NAME}` in `text`: a name, perhaps with a default or an operation behind it. What stands there is a name and
/// no value, and is cut behind the name.
pub fn left_variable(text: &str) -> Option<String> {
    text.split("${").skip(1).find_map(|after| {
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
        let (name, rest) = after.split_at_checked(end)?;
        let is_name =
            name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.len() <= LONGEST;
        let is_closed = rest.starts_with('}')
            || (rest.starts_with([':', '=', '-', '/', '#', '%', '?', '+']) && rest.contains('}'));
        (is_name && is_closed).then(|| format!("${{{name}}}"))
    })
}

/// The longest name of a variable, in bytes.
const LONGEST: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn item_13_a_variable_is_a_name_between_braces() {
        for (text, found) in [
            ("https://${DOMAIN}/x", Some("${DOMAIN}")),
            ("${a:=b}", Some("${a}")),
            ("x${A_1}y${B}", Some("${A_1}")),
            ("${", None),
            ("${}", None),
            ("$DOMAIN", None),
            ("${1}", None),
            ("a${x", None),
            ("${a b}", None),
            ("$${", None),
        ] {
            assert_eq!(left_variable(text).as_deref(), found, "{text}");
        }
    }
}

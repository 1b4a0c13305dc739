//! Label selectors as Kubernetes writes them: `app=web`, `tier in (a, b),!legacy`.

/// Says what is wrong with a selector. An empty one selects everything.
///
/// # Errors
/// Names the requirement that can not be read.
pub(super) fn check(selector: &str) -> Result<(), String> {
    let whole = selector.trim();
    match requirements(whole).into_iter().find(|requirement| !is_sound(requirement.trim())) {
        Some(wrong) if !whole.is_empty() => Err(format!("'{}' is no label requirement", wrong.trim())),
        _ => Ok(()),
    }
}

/// The parts between commas outside of parentheses.
fn requirements(selector: &str) -> Vec<&str> {
    let mut depth = 0_i32;
    let separates = |symbol: char| {
        depth += match symbol {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        symbol == ',' && depth <= 0
    };
    selector.split(separates).collect()
}

fn is_sound(requirement: &str) -> bool {
    if let Some(key) = requirement.strip_prefix('!') {
        return is_key(key.trim());
    }
    for operator in ["!=", "==", "=", "<", ">"] {
        if let Some((key, value)) = requirement.split_once(operator) {
            let number = matches!(operator, "<" | ">");
            let value = value.trim();
            return is_key(key.trim()) && if number { value.parse::<i64>().is_ok() } else { is_value(value) };
        }
    }
    match requirement.split_once(char::is_whitespace) {
        None => is_key(requirement),
        Some((key, rest)) => is_key(key) && is_set(rest.trim()),
    }
}

/// `in (a, b)` or `notin (a)`.
fn is_set(text: &str) -> bool {
    let set = ["notin", "in"].iter().find_map(|operator| text.strip_prefix(operator));
    let values = set.and_then(|set| set.trim().strip_prefix('(')?.strip_suffix(')'));
    values.is_some_and(|values| values.split(',').all(|value| is_value(value.trim())))
}

fn is_key(key: &str) -> bool {
    let (prefix, name) = key.split_once('/').map_or((None, key), |(prefix, name)| (Some(prefix), name));
    let domain = |prefix: &str| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte);
        !prefix.is_empty() && prefix.len() <= 253 && prefix.bytes().all(allowed)
    };
    !name.is_empty() && is_value(name) && prefix.is_none_or(domain)
}

fn is_value(value: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let ends = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_alphanumeric());
    value.len() <= 63
        && value.bytes().all(allowed)
        && ends(value.bytes().next())
        && ends(value.bytes().next_back())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli_selectors_are_those_of_kubernetes() {
        let sound = [
            "",
            "reconcile.fluxcd.io/watch=Enabled",
            "a==b, c!=d",
            "a in (b, c),d notin (e)",
            "!legacy,tier",
            "size>3",
            "a=",
        ];
        for selector in sound {
            assert_eq!(check(selector), Ok(()), "{selector}");
        }
        for selector in ["=x", "a=b=c", "a in b", "a b", "-a=b", "a=b,", "Upper.io/x=y", "a=b c", "x>many"] {
            assert!(check(selector).is_err(), "{selector}");
        }
        assert_eq!(check("a=b,c d"), Err("'c d' is no label requirement".to_owned()));
    }
}

//! Names of objects that others refer to: they become a part of the API server's paths.

/// Most characters of a name.
const LONGEST: usize = 253;

/// Why a text names no object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is no name of an object: write at most {LONGEST} lower case letters, digits, '-' and '.', each part between a letter or digit"
)]
pub struct ObjectNameError;

/// Checks a name as the API server does: a DNS subdomain (RFC 1123, section 2.1). No other text may reach a path.
///
/// # Errors
/// If no object can have that name.
pub fn check_object_name(name: &str) -> Result<(), ObjectNameError> {
    let is_edge =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let is_label = |label: &str| {
        let bytes = label.as_bytes();
        let inner = |byte: &u8| is_edge(Some(byte)) || *byte == b'-';
        is_edge(bytes.first()) && is_edge(bytes.last()) && bytes.iter().all(inner)
    };
    if name.len() <= LONGEST && name.split('.').all(is_label) { Ok(()) } else { Err(ObjectNameError) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_dns_subdomain_and_nothing_that_means_something_in_a_path() {
        for name in ["slack", "a", "7", "slack-token.v2", "0.1", &"a".repeat(253)] {
            assert_eq!(check_object_name(name), Ok(()), "{name}");
        }
        let long = "a".repeat(254);
        let wrong = [
            "",
            ".",
            "..",
            "../../victim/secrets/crown",
            "?watch=true",
            "?limit=1",
            "a/b",
            "a?b",
            "a#b",
            "a%2fb",
            "a b",
            "Slack",
            "-a",
            "a-",
            "a..b",
            ".a",
            "a.",
            "a_b",
            "s\u{e9}",
            "a\n",
            &long,
        ];
        for name in wrong {
            assert_eq!(check_object_name(name), Err(ObjectNameError), "{name}");
        }
    }
}

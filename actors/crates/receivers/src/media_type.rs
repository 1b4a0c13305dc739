//! The media type of a Content-Type header (RFC 9110, section 8.3.1), as strictly as the reference reads it.

/// A media type without its parameters, in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct MediaType(String);

impl MediaType {
    /// Reads one value, parameters allowed; none if it is not one.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(value).ok()?;
        let mut parts = text.split(';');
        let name = parts.next()?.trim().to_ascii_lowercase();
        let (main, sub) = name.split_once('/')?;
        let parameters_fit = parts.map(str::trim).filter(|part| !part.is_empty()).all(is_parameter);
        (is_token(main) && is_token(sub) && parameters_fit).then_some(Self(name))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a header says that the body is JSON: one of its parts, at commas, does, and none before it is no media
    /// type (contract, receivers 8.2).
    pub(crate) fn says_json(header: &[u8]) -> bool {
        let parts = header.split(|byte| *byte == b',').map(Self::parse);
        parts.map_while(|part| part).any(|part| part.as_str() == "application/json")
    }
}

fn is_parameter(text: &str) -> bool {
    let Some((name, value)) = text.split_once('=') else { return false };
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    is_token(name.trim_end())
        && quoted.map_or_else(|| is_token(value.trim_start()), |inner| !inner.contains('"'))
}

/// A token of RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_said_in_the_first_parts_that_can_be_read() {
        for header in ["application/json", "Application/JSON; charset=utf-8", "text/plain, application/json"]
        {
            assert!(MediaType::says_json(header.as_bytes()), "{header}");
        }
        for header in
            ["", "application/jsonx", "text/plain", "nothing, application/json", "application/json; charset"]
        {
            assert!(!MediaType::says_json(header.as_bytes()), "{header}");
        }
    }
}

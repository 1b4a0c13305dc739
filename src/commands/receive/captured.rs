//! A request in a file, as hosts show their deliveries and proxies write them down.

use anyhow::{Result, bail};
use campanile_receivers::Unverified;

/// A request of which at least the fields and the body are known.
pub(super) struct Captured {
    /// The target of its request line, if it has one.
    pub(super) target: Option<String>,
    pub(super) request: Unverified,
}

impl Captured {
    /// Reads it. Lines of the head may end with or without a carriage return.
    ///
    /// # Errors
    /// If there is no empty line, or a line of the head is no field.
    pub(super) fn parse(file: &[u8]) -> Result<Self> {
        let mut rest = file;
        let (mut target, mut fields) = (None, Vec::new());
        loop {
            let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
                bail!("it has no empty line between head and body");
            };
            let (line, after) = rest.split_at(end);
            rest = after.strip_prefix(b"\n").unwrap_or_default();
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            match (field(line), request_target(line)) {
                (Some(field), _) => fields.push(field),
                (None, Some(found)) if fields.is_empty() => target = Some(found),
                _ => bail!("'{}' is no header: write 'Name: value'", String::from_utf8_lossy(line)),
            }
        }
        let declared = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        let declared = declared.and_then(|(_, value)| String::from_utf8_lossy(value).trim().parse().ok());
        let body = declared.and_then(|length| rest.get(..length)).unwrap_or(rest);
        Ok(Self { target, request: Unverified::new(fields, body.to_vec()) })
    }
}

/// A name without spaces, a colon, a value.
fn field(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = line.split_at(colon);
    let name =
        std::str::from_utf8(name).ok().filter(|name| !name.is_empty() && !name.contains([' ', '/']))?;
    Some((name.to_owned(), value.strip_prefix(b":")?.trim_ascii().to_vec()))
}

/// The target of `POST /hook/… HTTP/1.1`.
fn request_target(line: &[u8]) -> Option<String> {
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.split(' ');
    let target = words.nth(1)?;
    target.starts_with('/').then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issue_20_a_request_line_is_found_and_broken_heads_are_named() {
        let captured = Captured::parse(b"POST /hook/a HTTP/1.1\r\nX-A: b\r\n\r\nbody").unwrap();
        assert_eq!(captured.target.as_deref(), Some("/hook/a"));
        assert_eq!(Captured::parse(b"X-A: b\n\nbody").unwrap().target, None);
        for wrong in [&b"X-A: b"[..], b"X-A: b\nno header\n\n", b"{}\n\n"] {
            assert!(Captured::parse(wrong).is_err(), "{}", String::from_utf8_lossy(wrong));
        }
    }
}

//! The tokens of a Receiver, and the paths that they lead to (contract, receivers 3).

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use campanile_domain::{ObjectKey, ReceiverSpec, Secret};

use crate::secret::hex;

/// Tokens beside the one of the path. Each costs an HMAC of the body of every request.
const MOST_FURTHER: usize = 4;

/// `/hook/` and the hexadecimal SHA-256 of token, name and namespace.
pub fn webhook_path(token: &[u8], receiver: &ObjectKey) -> String {
    let mut hash = Context::new(&SHA256);
    [token, receiver.name.as_bytes(), receiver.namespace.as_bytes()]
        .into_iter()
        .for_each(|part| hash.update(part));
    format!("/hook/{}", hex(hash.finish().as_ref()))
}

/// The Secret of a Receiver lacks its token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid '{0}' secret data: required fields 'token'")]
pub struct TokenError(pub ObjectKey);

/// The tokens of a Receiver. While a token is changed both may be there: key `token` gives the path as ever, those of key
/// `tokens`, one a line and four at most, verify as well, and their paths answer too.
#[derive(Clone, PartialEq, Eq)]
pub struct Tokens {
    first: Vec<u8>,
    further: Vec<Vec<u8>>,
}

impl Tokens {
    /// The tokens in `secret`. Without `spec.secretRef` the token is empty.
    ///
    /// # Errors
    /// If the Receiver names a Secret that is not given, or has no key `token`.
    pub fn of(spec: &ReceiverSpec, secret: Option<&Secret>) -> Result<Self, TokenError> {
        let Some(key) = spec.secret_key() else { return Ok(Self { first: Vec::new(), further: Vec::new() }) };
        let data = secret.map(|secret| &secret.data).ok_or_else(|| TokenError(key.clone()))?;
        let first = data.get("token").ok_or(TokenError(key))?.clone();
        let lines = data.get("tokens").map(Vec::as_slice).unwrap_or_default().split(|byte| *byte == b'\n');
        let further =
            lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line)).filter(|line| !line.is_empty());
        let further = further.filter(|line| *line != first).take(MOST_FURTHER).map(<[u8]>::to_vec).collect();
        Ok(Self { first, further })
    }

    /// The path of the Receiver, as its status has it.
    pub fn path(&self, receiver: &ObjectKey) -> String {
        webhook_path(&self.first, receiver)
    }

    /// All paths that answer, that of [`path`](Self::path) first.
    pub fn paths(&self, receiver: &ObjectKey) -> Vec<String> {
        self.all().map(|token| webhook_path(token, receiver)).collect()
    }

    /// Whether `matches` holds for any of them. All are tried, so that the time does not tell which it was.
    pub(crate) fn any(&self, matches: impl Fn(&[u8]) -> bool) -> bool {
        self.all().fold(false, |found, token| found | matches(token))
    }

    fn all(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&self.first).chain(&self.further).map(Vec::as_slice)
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", 1 + self.further.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{secret, spec};

    #[test]
    fn k12_the_vectors_of_the_contract_have_their_paths() {
        let path = |token: &[u8], name| webhook_path(token, &ObjectKey::new("default", name));
        let expected = "/hook/b5870897382949f6a6c2012394737b779ec2e77e0f01692279430f864810dc1a";
        assert_eq!(path(b"test-token", "test-receiver"), expected);
        let expected = "/hook/6180ef54f8354e2f63313da50f87f1c487ed01b8c4f35cc4e40699706b938bcf";
        assert_eq!(path(b"", "oidc-receiver"), expected);
    }

    #[test]
    fn issue_20_further_tokens_have_paths_of_their_own_and_the_first_is_used_raw() {
        let key = ObjectKey::new("apps", "hook");
        let tokens = Tokens::of(
            &spec("generic"),
            Some(&secret(&[("token", b"new\n"), ("tokens", b"old\r\n\nolder\n")])),
        );
        let paths = tokens.unwrap().paths(&key);
        assert_eq!(paths, [&b"new\n"[..], b"old", b"older"].map(|token| webhook_path(token, &key)));
    }

    #[test]
    fn a_secret_without_a_token_names_the_key() {
        let error = Tokens::of(&spec("generic"), Some(&secret(&[("tokens", b"old")]))).unwrap_err();
        assert_eq!(error.to_string(), "invalid 'apps/hook-token' secret data: required fields 'token'");
        assert!(Tokens::of(&spec("generic"), Some(&secret(&[("token", b"")]))).is_ok());
    }
}

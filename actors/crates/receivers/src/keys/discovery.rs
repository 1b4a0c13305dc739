//! Discovery of an issuer's keys: by its discovery document, or known beforehand (OpenID Connect Discovery 1.0,
//! section 4).

use std::fmt;

use serde::Deserialize;

use super::KeyError;

/// The source of an issuer's keys.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeySource {
    /// The discovery document of an issuer names the place. The address comes from an object.
    Issuer(String),
    /// A place that is known.
    Known(&'static str),
}

/// The content of a discovery document.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Discovery {
    issuer: String,
    /// The address of the keys, from the discovery document.
    pub jwks_uri: String,
    /// The algorithms of tokens; may be empty.
    #[serde(default, rename = "id_token_signing_alg_values_supported")]
    pub algorithms: Vec<String>,
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Issuer(url) => f.write_str(url),
            Self::Known(url) => f.write_str(url),
        }
    }
}

impl KeySource {
    /// The address of the discovery document; none where none is needed.
    pub fn discovery_url(&self) -> Option<String> {
        match self {
            Self::Issuer(url) => {
                Some(format!("{}/.well-known/openid-configuration", url.strip_suffix('/').unwrap_or(url)))
            }
            Self::Known(_) => None,
        }
    }
}

impl Discovery {
    /// Reads the document of `issuer`.
    ///
    /// # Errors
    /// If it is none, or that of another issuer.
    pub fn parse(issuer: &str, document: &[u8]) -> Result<Self, KeyError> {
        let read: Self = serde_json::from_slice(document).map_err(|error| KeyError::Answer {
            what: "its discovery document",
            why: crate::body::told(&error),
        })?;
        if read.issuer != issuer {
            return Err(KeyError::Issuer { got: crate::event::shown(&read.issuer) });
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_below_the_issuer_and_names_exactly_it() {
        let source = |url: &str| KeySource::Issuer(url.to_owned()).discovery_url().unwrap();
        assert_eq!(source("https://i.example/x/"), "https://i.example/x/.well-known/openid-configuration");
        assert_eq!(source("https://i.example"), "https://i.example/.well-known/openid-configuration");
        let document = br#"{"issuer":"https://i.example","jwks_uri":"https://i.example/keys"}"#;
        let read = Discovery::parse("https://i.example", document).unwrap();
        assert_eq!((read.jwks_uri.as_str(), read.algorithms.len()), ("https://i.example/keys", 0));
        assert!(matches!(Discovery::parse("https://i.example/", document), Err(KeyError::Issuer { .. })));
    }
}

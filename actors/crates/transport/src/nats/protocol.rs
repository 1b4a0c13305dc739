//! Lines of the NATS protocol.

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use campanile_domain::{NatsKey, NatsLogin};
use serde::{Deserialize, Serialize};

use super::{Message, NatsError};

/// What a publication without a word of the server may have, in bytes: the default of nats-server.
const DEFAULT_MAX_PAYLOAD: usize = 1024 * 1024;

/// How this client introduces itself (contract, providers 23.20).
const NAME: &str = "NATS Provider Publisher";

/// The greeting of a server, in which it tells about itself.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Info {
    #[serde(default = "default_max_payload")]
    pub(super) max_payload: usize,
    #[serde(default)]
    pub(super) tls_required: bool,
    #[serde(default)]
    pub(super) tls_available: bool,
    /// What users that are known by a key must sign.
    #[serde(default)]
    nonce: String,
}

fn default_max_payload() -> usize {
    DEFAULT_MAX_PAYLOAD
}

/// A line that a server sends.
#[derive(Debug)]
pub(super) enum Said {
    Info(Info),
    Ping,
    Pong,
    Error(NatsError),
    /// A line of no interest, such as `+OK`.
    Nothing,
}

impl Said {
    /// Reads a line without its end.
    pub(super) fn read(line: &[u8]) -> Result<Self, NatsError> {
        let line = str::from_utf8(line).map_err(|_| NatsError::Garbled)?;
        let (word, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        match word.to_ascii_uppercase().as_str() {
            "INFO" => serde_json::from_str(rest).map(Self::Info).map_err(|_| NatsError::Garbled),
            "PING" => Ok(Self::Ping),
            "PONG" => Ok(Self::Pong),
            "-ERR" => Ok(Self::Error(NatsError::said(rest))),
            "+OK" => Ok(Self::Nothing),
            _ => Err(NatsError::Garbled),
        }
    }
}

#[derive(Serialize)]
struct Connect<'a> {
    verbose: bool,
    pedantic: bool,
    tls_required: bool,
    name: &'static str,
    lang: &'static str,
    version: &'static str,
    protocol: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pass: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwt: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nkey: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sig: Option<String>,
}

/// The lines by which a client logs in and asks whether it is in.
///
/// # Errors
/// [`NatsError::NoNonce`] where there is nothing to sign.
pub(super) fn log_in(login: &NatsLogin, info: &Info, is_secure: bool) -> Result<Vec<u8>, NatsError> {
    let mut connect = Connect {
        verbose: false,
        pedantic: false,
        tls_required: is_secure,
        name: NAME,
        lang: "rust",
        version: env!("CARGO_PKG_VERSION"),
        protocol: 1,
        user: None,
        pass: None,
        auth_token: None,
        jwt: None,
        nkey: None,
        sig: None,
    };
    match login {
        NatsLogin::Anonymous => {}
        NatsLogin::Token(token) => connect.auth_token = Some(token),
        NatsLogin::Password(user, password) => {
            (connect.user, connect.pass) = (Some(user.as_str()), Some(password.as_str()));
        }
        NatsLogin::Key(key) => {
            (connect.nkey, connect.sig) = (Some(key.public.as_str()), Some(sign(key, info)?));
        }
        NatsLogin::Description(jwt, key) => {
            (connect.jwt, connect.sig) = (Some(jwt.as_str()), Some(sign(key, info)?));
        }
    }
    let json = serde_json::to_string(&connect).map_err(|_| NatsError::Garbled)?;
    Ok(format!("CONNECT {json}\r\nPING\r\n").into_bytes())
}

fn sign(key: &NatsKey, info: &Info) -> Result<String, NatsError> {
    if info.nonce.is_empty() {
        return Err(NatsError::NoNonce);
    }
    // Any 32 bytes are a seed, so this does not fail.
    let pair = Ed25519KeyPair::from_seed_unchecked(&key.seed).map_err(|_| NatsError::NoNonce)?;
    Ok(URL_SAFE_NO_PAD.encode(pair.sign(info.nonce.as_bytes())))
}

/// The messages, and a request for an acknowledgement behind them.
///
/// # Errors
/// [`NatsError::TooLong`] for the first message that the server will not take; then nothing is to be sent.
pub(super) fn publish(messages: &[Message], info: &Info) -> Result<Vec<u8>, NatsError> {
    let longest = info.max_payload;
    if let Some(message) = messages.iter().find(|message| message.payload.len() > longest) {
        return Err(NatsError::TooLong { length: message.payload.len(), longest });
    }
    let size = messages.iter().map(|message| message.payload.len() + message.subject.len() + 32).sum();
    let mut bytes = Vec::with_capacity(size);
    for Message { subject, payload } in messages {
        bytes.extend_from_slice(format!("PUB {subject} {}\r\n", payload.len()).as_bytes());
        bytes.extend_from_slice(payload);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"PING\r\n");
    Ok(bytes)
}

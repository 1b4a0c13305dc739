//! Errors of a NATS server that did not take a message.

use campanile_domain::FailureClass;

/// Longest text of a server that is kept, in bytes.
const LONGEST: usize = 256;

/// Errors that a NATS server answers with. Texts of the server are cut, and may quote the subject.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NatsError {
    /// It does not let this user in.
    #[error("it refuses the login ('{0}'); correct the credentials in the Secret")]
    Login(String),
    /// It knows no users that are told by a key.
    #[error("it asks for no signature, so it knows no users by their keys; use username and password")]
    NoNonce,
    /// This user may not publish there.
    #[error("it does not let this user publish there ('{0}'); allow it, or correct spec.channel")]
    Permission(String),
    /// The message is longer than it takes.
    #[error("the message has {length} bytes, it takes {longest}; raise its max_payload")]
    TooLong {
        /// Of the message, in bytes.
        length: usize,
        /// The server's bound, in bytes.
        longest: usize,
    },
    /// It offers no TLS where TLS is wanted.
    #[error("it offers no TLS; begin its address with nats:// if that is right")]
    NoTls,
    /// It takes no WebSocket connections there.
    #[error("it answers the WebSocket handshake with status {0}; check the address")]
    NoWebSocket(u16),
    /// It has too many connections, or closes this one for another reason of its own.
    #[error("it is not ready ('{0}')")]
    Busy(String),
    /// It refuses the message for another reason.
    #[error("it says '{0}'")]
    Refused(String),
    /// What it says is not NATS.
    #[error("its answer is not NATS; check the address and the port")]
    Garbled,
}

impl NatsError {
    /// The error that a server's `-ERR` means (nats-server, server/errors.go and client.go).
    pub(super) fn said(text: &str) -> Self {
        let text: String = text.trim().trim_matches('\'').chars().filter(|c| !c.is_control()).collect();
        let text = match text.split_at_checked(text.floor_char_boundary(LONGEST)) {
            Some((beginning, _)) => beginning.to_owned(),
            None => text,
        };
        let lower = text.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if has(&["permissions violation"]) {
            Self::Permission(text)
        } else if has(&["authorization violation", "authentication", "credentials", "revoked", "account"])
            && !has(&["maximum"])
        {
            Self::Login(text)
        } else if has(&["maximum connections", "maximum account", "stale", "slow", "shutdown", "closed"]) {
            Self::Busy(text)
        } else if has(&["secure connection"]) {
            Self::NoTls
        } else {
            Self::Refused(text)
        }
    }

    /// The class of the failure, for the judgement table.
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Login(_) | Self::NoNonce | Self::Permission(_) => FailureClass::Credentials,
            Self::TooLong { .. } | Self::Refused(_) => FailureClass::Rejected,
            Self::NoTls => FailureClass::Tls,
            Self::NoWebSocket(_) => FailureClass::Gone,
            Self::Busy(_) => FailureClass::Throttled,
            Self::Garbled => FailureClass::Garbled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s23_20_what_a_server_says_has_a_class() {
        use FailureClass as C;
        for (text, class) in [
            ("'Authorization Violation'", C::Credentials),
            ("'User Authentication Expired'", C::Credentials),
            ("'User Authentication Revoked'", C::Credentials),
            ("'Authentication Timeout'", C::Credentials),
            ("'Account Authentication Expired'", C::Credentials),
            ("'Permissions Violation for Publish to \"flux.events\"'", C::Credentials),
            ("'Maximum Connections Exceeded'", C::Throttled),
            ("'maximum account active connections exceeded'", C::Throttled),
            ("'Stale Connection'", C::Throttled),
            ("'Secure Connection - TLS Required'", C::Tls),
            ("'Maximum Payload Violation'", C::Rejected),
            ("'Invalid Publish Subject'", C::Rejected),
        ] {
            assert_eq!(NatsError::said(text).class(), class, "{text}");
        }
    }

    #[test]
    fn a_servers_text_is_cut_and_has_no_control_characters() {
        let NatsError::Refused(text) = NatsError::said(&"é\u{7}".repeat(1000)) else { panic!("refused") };
        assert!(text.len() <= LONGEST && !text.contains('\u{7}'), "{text}");
    }
}

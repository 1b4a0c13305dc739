//! Messages for NATS: what is published, where, and who one is there (contract, providers 23.20).

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

/// One message for a subject of a NATS server, to be published once.
#[derive(Clone, PartialEq, Eq)]
pub struct Publication {
    /// Where to publish; the same value for all messages of a Provider, so that its connection can be kept.
    pub servers: Arc<NatsServers>,
    /// The subject, without white space and wildcards.
    pub subject: Arc<str>,
    /// The payload of the published message.
    pub payload: Bytes,
}

impl fmt::Debug for Publication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Publication({}, {} bytes)", self.subject, self.payload.len())
    }
}

/// Servers of one NATS system: whichever can be reached is as good as the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsServers {
    /// The servers in the order in which they are tried; at least one.
    pub servers: Vec<NatsServer>,
    /// Who to be at servers whose address says nothing about it.
    pub login: NatsLogin,
}

/// One server of a NATS address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsServer {
    /// How to talk to it.
    pub scheme: NatsScheme,
    /// Host name or IP literal; IPv6 without brackets.
    pub host: String,
    /// The TCP port, 1 to 65,535.
    pub port: u16,
    /// Path and query of a WebSocket address, beginning with a slash; `/` for the others.
    pub path: String,
    /// Who to be, where the address says so.
    pub login: Option<NatsLogin>,
}

/// The protocol that a server is spoken to in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NatsScheme {
    /// Plain TCP, or TLS where the server demands it.
    Nats,
    /// TLS after the server's greeting, also where it does not demand it.
    Tls,
    /// A WebSocket on plain TCP.
    Ws,
    /// A WebSocket inside of TLS.
    Wss,
}

impl NatsScheme {
    /// The name of the scheme in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nats => "nats",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }
}

/// The login at a server. Nothing of it is ever printed.
#[derive(Clone, PartialEq, Eq)]
pub enum NatsLogin {
    /// No login: the server asks for none.
    Anonymous,
    /// One token that all clients share.
    Token(String),
    /// A user's name with a password.
    Password(String, String),
    /// A user known by a key.
    Key(NatsKey),
    /// A user known by a signed description of it, a JSON Web Token, which the key belongs to.
    Description(String, NatsKey),
}

impl fmt::Debug for NatsLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Token(_) => "Token(*****)",
            Self::Password(..) => "Password(*****)",
            Self::Key(_) => "Key(*****)",
            Self::Description(..) => "Description(*****)",
        })
    }
}

/// An Ed25519 key of a user.
#[derive(Clone, PartialEq, Eq)]
pub struct NatsKey {
    /// The public half as servers list it, `U…`.
    pub public: String,
    /// The secret half of the key: an Ed25519 seed.
    pub seed: [u8; 32],
}

impl fmt::Debug for NatsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NatsKey(*****)")
    }
}

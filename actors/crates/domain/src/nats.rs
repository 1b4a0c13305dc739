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
    /// The message.
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

/// One server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatsServer {
    /// How to talk to it.
    pub scheme: NatsScheme,
    /// Host name or IP literal; IPv6 without brackets.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Path and query of a WebSocket address, beginning with a slash; `/` for the others.
    pub path: String,
    /// Who to be, where the address says so.
    pub login: Option<NatsLogin>,
}

/// How to talk to a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NatsScheme {
    /// Plain TCP, or TLS where the server demands it.
    Nats,
    /// TLS.
    Tls,
    /// WebSocket.
    Ws,
    /// WebSocket inside TLS.
    Wss,
}

impl NatsScheme {
    /// The name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nats => "nats",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }
}

/// Who one is at a server. Nothing of it is ever printed.
#[derive(Clone, PartialEq, Eq)]
pub enum NatsLogin {
    /// Nobody.
    Anonymous,
    /// A token for all.
    Token(String),
    /// User and password.
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
    /// The secret half.
    pub seed: [u8; 32],
}

impl fmt::Debug for NatsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NatsKey(*****)")
    }
}

//! An operator, an account and a user of NATS, known by signed descriptions (nats-io/jwt, version 2).

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const SEED: u8 = 18 << 3;
const OPERATOR: u8 = 14 << 3;
const ACCOUNT: u8 = 0;
const USER: u8 = 20 << 3;

/// Somebody with a key.
struct Party {
    kind: u8,
    seed: [u8; 32],
}

/// What a server and its users need.
pub(super) struct Accounts {
    /// Lines of the server's configuration.
    pub(super) configuration: String,
    account: Party,
}

impl Accounts {
    pub(super) fn new() -> Self {
        let (operator, account) =
            (Party { kind: OPERATOR, seed: [1; 32] }, Party { kind: ACCOUNT, seed: [2; 32] });
        let limits = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1, "leaf": -1,
        });
        let configuration = format!(
            "operator: \"{}\"\nresolver: MEMORY\nresolver_preload: {{ {}: \"{}\" }}",
            operator.describes(&operator, "operator", json!({})),
            account.name(),
            operator.describes(&account, "account", json!({ "limits": limits })),
        );
        Self { configuration, account }
    }

    /// The credentials file of a user, as nsc writes it.
    pub(super) fn credentials(&self) -> String {
        let (jwt, seed) = self.user();
        format!(
            "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n************************* IMPORTANT \
             *************************\nNKEY Seed printed below can be used to sign and prove identity.\n\n-----BEGIN USER \
             NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
        )
    }

    fn user(&self) -> (String, String) {
        let user = Party { kind: USER, seed: [3; 32] };
        let limits = json!({ "subs": -1, "data": -1, "payload": -1 });
        (self.account.describes(&user, "user", limits), user.seed())
    }

    /// The server's challenge signed by the user, for a client that is not under test.
    pub(super) fn connect(&self, nonce: &str) -> String {
        let (jwt, _) = self.user();
        let key = Ed25519KeyPair::from_seed_unchecked(&[3; 32]).expect("any bytes are a seed");
        let sig = URL_SAFE_NO_PAD.encode(key.sign(nonce.as_bytes()));
        json!({ "verbose": false, "jwt": jwt, "sig": sig }).to_string()
    }
}

impl Party {
    fn key(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&self.seed).expect("any bytes are a seed")
    }

    fn name(&self) -> String {
        text(&[self.kind], self.key().public_key().as_ref())
    }

    fn seed(&self) -> String {
        text(&[SEED | self.kind >> 5, self.kind << 3], &self.seed)
    }

    /// A description of `other`, signed.
    fn describes(&self, other: &Party, kind: &str, mut more: Value) -> String {
        more["type"] = kind.into();
        more["version"] = 2.into();
        let header = json!({ "typ": "JWT", "alg": "ed25519-nkey" }).to_string();
        let claims = json!({
            "jti": "x", "iat": 1_700_000_000, "iss": self.name(), "name": kind, "sub": other.name(), "nats": more,
        });
        let signed =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.key().sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// Kind, key and checksum in base32.
fn text(kind: &[u8], key: &[u8]) -> String {
    let mut bytes = [kind, key].concat();
    let sum =
        bytes.iter().fold(0_u16, |sum, byte| {
            (0..8).fold(sum ^ u16::from(*byte) << 8, |sum, _| {
                if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 }
            })
        });
    bytes.extend_from_slice(&sum.to_le_bytes());
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    let letter = |five: &[u8]| {
        let value = five.iter().fold(0, |value, bit| value << 1 | bit) << (5 - five.len());
        char::from(ALPHABET[usize::from(value)])
    };
    bits.chunks(5).map(letter).collect()
}

//! Keys of NATS users as text: base32 (RFC 4648, 6) of a kind, an Ed25519 key and a checksum (nats-io/nkeys, "Encoding").

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use campanile_domain::NatsKey;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// The kinds that begin with S and U.
const SEED: u8 = 18 << 3;
const USER: u8 = 20 << 3;
/// Kinds, key and checksum of a seed.
const SEED_BYTES: usize = 2 + 32 + 2;

/// The key whose seed is `text`; none if it is no user's.
pub(super) fn from_seed(text: &str) -> Option<NatsKey> {
    let bytes = decode(text.trim())?;
    let (body, sum) = bytes.split_last_chunk::<2>()?;
    if bytes.len() != SEED_BYTES || u16::from_le_bytes(*sum) != checksum(body) {
        return None;
    }
    let (kinds, seed) = body.split_first_chunk::<2>()?;
    // Five bits of the first byte say that it is a seed; the other three and five of the second whose.
    let (is_seed, whose) = (kinds[0] & 0xf8 == SEED, (kinds[0] & 0x07) << 5 | (kinds[1] & 0xf8) >> 3);
    if !is_seed || whose != USER {
        return None;
    }
    let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
    let mut public = vec![USER];
    public.extend_from_slice(pair.public_key().as_ref());
    let sum = checksum(&public).to_le_bytes();
    public.extend_from_slice(&sum);
    Some(NatsKey { public: encode(&public), seed: seed.try_into().ok()? })
}

/// The checksum of a key: CRC-16 of XMODEM.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum, byte| {
        (0..8).fold(
            sum ^ u16::from(*byte) << 8,
            |sum, _| {
                if sum & 0x8000 == 0 { sum << 1 } else { sum << 1 ^ 0x1021 }
            },
        )
    })
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut count) = (0_u16, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter)?;
        bits = bits << 5 | u16::try_from(value).ok()?;
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut bits, mut count) = (0_u32, 0);
    let letter = |value: u32| ALPHABET.get((value & 31) as usize).map_or('=', |letter| char::from(*letter));
    for byte in bytes {
        bits = (bits << 8 | u32::from(*byte)) & 0xffff;
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(letter(bits >> count));
        }
    }
    if count > 0 {
        text.push(letter(bits << (5 - count)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pair of the black-box suite, made by nats-io's own tool.
    const PAIR: (&str, &str) = (
        "SUACSSL3UAHUDXKFSNVUZRF5UHPMWZ6BFDTJ7M6USDXIEDNPPQYYYCU3VY",
        "UDXU4RCSJNZOIQHZNWXHXORDPRTGNJAHAHFRGZNEEJCPQTT2M7NLCNF4",
    );

    #[test]
    fn s23_20_the_public_half_follows_from_the_seed() {
        assert_eq!(from_seed(PAIR.0).unwrap().public, PAIR.1);
        assert_eq!(from_seed(&format!(" {}\n", PAIR.0)).unwrap().public, PAIR.1, "editors add white space");
    }

    #[test]
    fn s23_20_what_is_no_users_seed_is_none() {
        let wrong = PAIR.0.replacen("SUAC", "SUAD", 1);
        for text in [PAIR.1, &wrong, "", "SU", "not base32!", &PAIR.0.to_lowercase(), "SAAC"] {
            assert!(from_seed(text).is_none(), "{text}");
        }
    }
}

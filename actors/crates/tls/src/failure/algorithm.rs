//! Names of algorithms that certificates use and that are not accepted.

use std::fmt::Write as _;

/// Object identifiers as the contents of their DER, most of them in PKCS #1, X9.62 and RFC 8410.
const NAMES: &[(&[u8], &str)] = &[
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01], "RSA"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x02], "RSA with MD2"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04], "RSA with MD5"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05], "RSA with SHA-1"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a], "RSA-PSS"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b], "RSA with SHA-256"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c], "RSA with SHA-384"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d], "RSA with SHA-512"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0e], "RSA with SHA-224"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01], "ECDSA with SHA-1"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x01], "ECDSA with SHA-224"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02], "ECDSA with SHA-256"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03], "ECDSA with SHA-384"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04], "ECDSA with SHA-512"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01], "DSA"),
    (&[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03], "DSA with SHA-1"),
    (&[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02], "DSA with SHA-256"),
    (&[0x2b, 0x65, 0x70], "Ed25519"),
    (&[0x2b, 0x65, 0x71], "Ed448"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x0a], "secp256k1"),
    (&[0x2b, 0x81, 0x04, 0x00, 0x21], "P-224"),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x07], "brainpoolP256r1"),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0b], "brainpoolP384r1"),
    (&[0x2b, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01, 0x0d], "brainpoolP512r1"),
];

/// `id-ecPublicKey`, whose parameter is the curve (RFC 5480, section 2.1.1).
const ELLIPTIC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// Longest identifier that is written out, in bytes.
const LONGEST: usize = 24;

/// The name of the algorithm in the contents of an `AlgorithmIdentifier` (RFC 5280, section 4.1.1.2), or its object
/// identifier in the usual dotted form.
pub(super) fn name(algorithm: &[u8]) -> String {
    let Some((id, rest)) = object_identifier(algorithm) else { return "of an unknown kind".to_owned() };
    if id == ELLIPTIC {
        let curve =
            object_identifier(rest).map_or("of its own".to_owned(), |(curve, _)| known_or_dotted(curve));
        return format!("ECDSA on the curve {curve}");
    }
    known_or_dotted(id)
}

/// The contents of the object identifier at the beginning of `der`, and what follows.
fn object_identifier(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x06, length, rest @ ..] = der else { return None };
    rest.split_at_checked(usize::from(*length)).filter(|(id, _)| id.len() <= LONGEST)
}

fn known_or_dotted(id: &[u8]) -> String {
    NAMES.iter().find(|(known, _)| *known == id).map_or_else(|| dotted(id), |(_, name)| (*name).to_owned())
}

/// The dotted form (X.690, section 8.19).
fn dotted(id: &[u8]) -> String {
    let mut text = String::new();
    let mut arc = 0_u128;
    for byte in id {
        arc = (arc << 7) | u128::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        // The first number holds two arcs.
        let written = if text.is_empty() {
            let root = (arc / 40).min(2);
            write!(text, "{root}.{}", arc - 40 * root)
        } else {
            write!(text, ".{arc}")
        };
        // Writing to a String does not fail.
        written.unwrap_or_default();
        arc = 0;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithms_have_their_names_and_unknown_ones_their_dotted_identifier() {
        let sha1 = [&[0x06, 0x09][..], NAMES[3].0, &[0x05, 0x00]].concat();
        assert_eq!(name(&sha1), "RSA with SHA-1");
        let brainpool = [&[0x06, 0x07][..], ELLIPTIC, &[0x06, 0x09], NAMES[21].0].concat();
        assert_eq!(name(&brainpool), "ECDSA on the curve brainpoolP256r1");
        assert_eq!(name(&[0x06, 0x06, 0x2b, 0x06, 0x01, 0x04, 0x82, 0x37]), "1.3.6.1.4.311");
        assert_eq!(name(&[0x06, 0x03, 0x88, 0x37, 0x03]), "2.999.3");
        assert_eq!(name(&[0x06, 0x20]), "of an unknown kind");
    }
}

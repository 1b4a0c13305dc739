//! No change to a signed request leaves it verified: neither to its body nor to its signature.

use aws_lc_rs::hmac;
use proptest::prelude::*;

use crate::testing::{compile, outcome, request, secret, spec};

fn signature(algorithm: hmac::Algorithm, token: &[u8], body: &[u8]) -> String {
    crate::secret::hex(hmac::sign(&hmac::Key::new(algorithm, token), body).as_ref())
}

/// Whether a request with this token, signature and body passes, for each type that signs.
fn passes(token: &[u8], signature: &str, body: &[u8]) -> [bool; 3] {
    let secret = secret(&[("token", token)]);
    let signed = format!("sha256={signature}");
    [("github", "X-Hub-Signature-256"), ("bitbucket", "X-Hub-Signature-256"), ("generic-hmac", "X-Signature")]
        .map(|(kind, name)| {
            let fields = [("Content-Type", "application/json"), (name, signed.as_str())];
            outcome(&compile(spec(kind)), &secret, request(&fields, body)).is_ok()
        })
}

/// One change of a byte string.
#[derive(Clone, Debug)]
enum Change {
    Flip(usize, u8),
    Cut(usize),
    Insert(usize, u8),
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<usize>(), 1..=255_u8).prop_map(|(at, bits)| Change::Flip(at, bits)),
        any::<usize>().prop_map(Change::Cut),
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
    ]
}

fn changed(bytes: &[u8], change: &Change) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    match *change {
        Change::Flip(at, bits) if !bytes.is_empty() => {
            let at = at % bytes.len();
            bytes[at] ^= bits;
        }
        Change::Flip(..) => bytes.push(0),
        Change::Cut(at) if !bytes.is_empty() => bytes.truncate(at % bytes.len()),
        Change::Cut(_) => bytes.push(0),
        Change::Insert(at, byte) => {
            let at = at % (bytes.len() + 1);
            bytes.insert(at, byte);
        }
    }
    bytes
}

proptest! {
    #[test]
    fn issue_20_no_mutation_of_a_signed_request_verifies(
        token in proptest::collection::vec(any::<u8>(), 1..40),
        body in proptest::collection::vec(any::<u8>(), 0..200),
        change in change(),
    ) {
        let good = signature(hmac::HMAC_SHA256, &token, &body);
        prop_assert_eq!(passes(&token, &good, &body), [true; 3]);
        let other = changed(&body, &change);
        prop_assert_eq!(passes(&token, &good, &other), [other == body; 3]);
        let mutated = String::from_utf8_lossy(&changed(good.as_bytes(), &change)).into_owned();
        // Another spelling of the same digits is the same signature.
        prop_assert_eq!(passes(&token, &mutated, &body), [mutated.eq_ignore_ascii_case(&good); 3]);
        let stranger = changed(&token, &change);
        // HMAC fills a short key up with zeros (RFC 2104), so that those at its end change nothing.
        let trimmed = |token: &[u8]| token.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        let is_same = stranger[..trimmed(&stranger)] == token[..trimmed(&token)];
        prop_assert_eq!(passes(&token, &signature(hmac::HMAC_SHA256, &stranger, &body), &body), [is_same; 3]);
    }

    #[test]
    fn issue_20_no_other_text_is_the_token(given in "[ -~]{0,40}", token in "[ -~]{1,40}") {
        let secret = secret(&[("token", token.as_bytes())]);
        for (kind, name) in [("gitlab", "X-Gitlab-Token"), ("harbor", "Authorization")] {
            let pass = outcome(&compile(spec(kind)), &secret, request(&[(name, &given)], b"")).is_ok();
            prop_assert_eq!(pass, given == token);
            prop_assert!(outcome(&compile(spec(kind)), &secret, request(&[(name, &token)], b"")).is_ok());
        }
    }
}

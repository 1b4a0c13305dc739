//! The mark that every secret of these tests holds, and what it looks like in disguise.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// What every secret holds. Mixed case: some types change the case of what they send.
pub(super) const MARK: &str = "HushHush";

/// Keys cannot hold the mark; nothing that begins as one, or as a token signed with one, may show.
const KEYS: &[&str] = &["PRIVATE KEY", KEY_LINE, "eyJhbGciOi", "sig%3D", "SharedAccessSignature sr="];

/// A line out of the middle of [`PEM`].
const KEY_LINE: &str = "jUguBD0e0SHVbdYmUZ9j02JPpDcr5LA5fKI4q1QyHkpfHVhuIxbg29xxExT3ZZMs";

/// A private key.
pub(super) const PEM: &str = include_str!("../../../actors/crates/providers/fixtures/github-app/pkcs1.pem");

/// The mark in base64, at each of the three places where it can begin. Letters that also depend on its neighbours are
/// left out.
fn encoded() -> [String; 3] {
    [("", 0, 10), ("x", 2, 10), ("xx", 3, 10)].map(|(before, skipped, sure)| {
        let whole = STANDARD_NO_PAD.encode(format!("{before}{MARK}"));
        whole.chars().skip(skipped).take(sure).collect()
    })
}

/// Where a secret stands in `text`, if one does.
fn found(text: &str) -> Option<usize> {
    let plain = text.to_ascii_lowercase().find(&MARK.to_ascii_lowercase());
    let keys = KEYS.iter().map(|key| (*key).to_owned());
    plain.or_else(|| encoded().into_iter().chain(keys).find_map(|mark| text.find(mark.as_str())))
}

/// What stands around a secret when it is told.
const AROUND: usize = 200;

/// Places at which secrets show.
#[derive(Default)]
pub(super) struct Leaks {
    shown: Vec<String>,
    /// What is looked for beside the mark.
    forms: &'static [&'static str],
}

impl Leaks {
    /// Looks for these texts beside the mark.
    pub(super) fn of(forms: &'static [&'static str]) -> Self {
        Self { forms, ..Self::default() }
    }

    fn found(&self, text: &str) -> Option<usize> {
        found(text).or_else(|| self.forms.iter().find_map(|form| text.find(form)))
    }

    /// Notes each line of `text` with a secret in it.
    pub(super) fn search(&mut self, place: &str, text: &str) {
        for line in text.lines() {
            let mut rest = line;
            while let Some(at) = self.found(rest) {
                let (start, end) = (rest.floor_char_boundary(at.saturating_sub(AROUND)), at + AROUND);
                let (_, shown) = rest.split_at(start);
                let (shown, after) = shown.split_at(shown.floor_char_boundary(end - start));
                self.shown.push(format!("{place}: …{shown}…"));
                rest = after;
            }
        }
    }

    /// Fails if there are some.
    pub(super) fn assert_none(&self) {
        let shown: Vec<&str> = self.shown.iter().take(10).map(String::as_str).collect();
        assert!(
            self.shown.is_empty(),
            "{} secrets show, among them:\n{}",
            self.shown.len(),
            shown.join("\n")
        );
    }
}

#[test]
fn a_secret_is_found_in_any_disguise() {
    for text in ["a hushhush b", "bot:HushHush-password", "a-----BEGIN RSA PRIVATE KEY-----"] {
        assert!(found(text).is_some(), "{text}");
    }
    for before in ["", "u:", "us:", "use:"] {
        let text = STANDARD_NO_PAD.encode(format!("{before}HushHush-password"));
        assert!(found(&text).is_some(), "{text}");
    }
    assert!(PEM.contains(KEY_LINE));
    assert_eq!(found("hush, hush"), None);
}

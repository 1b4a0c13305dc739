//! Blotting secrets out of texts that leave the program (contract, control plane 6.7, providers 22).

use std::fmt;

/// What stands in place of a secret.
const BLOT: &str = "*****";

/// Shorter secrets are not searched for: blotting out every `a` of a text would tell the secret and destroy the text.
const SHORTEST: usize = 3;

/// The secrets of one Provider. Cheap to build, used only on failure.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Masker {
    /// In lower case; longest first, so that a secret inside another one does not break the longer.
    secrets: Vec<String>,
}

impl Masker {
    /// A masker for `secrets`; white space around each is ignored, so are empty and very short ones.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut found: Vec<String> = secrets
            .into_iter()
            .map(|secret| secret.as_ref().trim().to_ascii_lowercase())
            .filter(|secret| secret.len() >= SHORTEST)
            .collect();
        found.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        found.dedup();
        Self { secrets: found }
    }

    /// This masker with `more` secrets, for those that come to be known while working.
    #[must_use]
    pub fn with<S: AsRef<str>>(&self, more: impl IntoIterator<Item = S>) -> Self {
        let more = more.into_iter().map(|secret| secret.as_ref().to_owned());
        Self::new(self.secrets.iter().cloned().chain(more))
    }

    /// `text` with every occurrence of every secret replaced by `*****`. Case does not matter: some destinations change
    /// it.
    pub fn mask(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| blotted(text, secret))
    }
}

/// `text` without `secret`, which is in lower case.
fn blotted(text: String, secret: &str) -> String {
    // Changing the case of ASCII letters moves nothing.
    let lower = text.to_ascii_lowercase();
    let mut blotted = String::new();
    let (mut rest, mut at) = (text.as_str(), 0);
    for (found, _) in lower.match_indices(secret) {
        let (before, from) = rest.split_at(found - at);
        let (_, after) = from.split_at(secret.len());
        blotted.push_str(before);
        blotted.push_str(BLOT);
        (rest, at) = (after, found + secret.len());
    }
    if blotted.is_empty() { text } else { blotted + rest }
}

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masker({} secrets)", self.secrets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occurrence_of_every_secret_is_blotted_out() {
        let masker = Masker::new([" xoxb-1234\n", "/services/T0/B0", "xoxb-1234-longer"]);
        assert_eq!(
            masker.mask("POST /services/T0/B0 with xoxb-1234-longer and xoxb-1234xoxb-1234"),
            "POST ***** with ***** and **********"
        );
    }

    #[test]
    fn a_secret_in_other_case_is_blotted_out_too() {
        assert_eq!(Masker::new(["Hunter2-Ä"]).mask("ä HUNTER2-Ä, hunter2-Ä"), "ä *****, *****");
    }

    #[test]
    fn a_one_character_secret_does_not_blot_out_the_text() {
        assert_eq!(Masker::new(["a", ""]).mask("a banana"), "a banana");
    }

    #[test]
    fn more_secrets_add_to_those_that_are_known() {
        let masker = Masker::new(["hunter2"]).with(["ghs_1234", ""]);
        assert_eq!(masker.mask("hunter2 ghs_1234"), "***** *****");
    }

    #[test]
    fn debug_shows_no_secret() {
        assert_eq!(format!("{:?}", Masker::new(["hunter2"])), "Masker(1 secrets)");
    }
}

//! Blotting secrets out of texts that leave the program (contract, control plane 6.7, providers 22).

mod forms;

use std::fmt;
use std::ops::Range;
use std::sync::OnceLock;

/// What stands in place of a secret.
const BLOT: &str = "*****";

/// Shorter secrets are not searched for: blotting out every `a` of a text would tell the secret and destroy the text.
const SHORTEST: usize = 3;

/// The secrets of one Provider. Cheap to build, used only on failure.
#[derive(Clone, Default)]
pub struct Masker {
    /// Without white space around, in order, each once.
    secrets: Vec<String>,
    /// What is searched for: the secrets and their encoded forms, in lower case. Made when a text is masked for the first
    /// time, which most Providers never see.
    forms: OnceLock<Vec<String>>,
}

impl Masker {
    /// A masker for `secrets`; white space around each is ignored, so are empty and very short ones.
    pub fn new<S: AsRef<str>>(secrets: impl IntoIterator<Item = S>) -> Self {
        let mut found: Vec<String> = secrets
            .into_iter()
            .map(|secret| secret.as_ref().trim().to_owned())
            .filter(|secret| secret.len() >= SHORTEST)
            .collect();
        found.sort();
        found.dedup();
        Self { secrets: found, forms: OnceLock::new() }
    }

    /// This masker with `more` secrets, for those that come to be known while working.
    #[must_use]
    pub fn with<S: AsRef<str>>(&self, more: impl IntoIterator<Item = S>) -> Self {
        let more = more.into_iter().map(|secret| secret.as_ref().to_owned());
        Self::new(self.secrets.iter().cloned().chain(more))
    }

    /// `text` with every occurrence of every secret replaced by `*****`, also where it is encoded as base64, in hexadecimal
    /// digits, for a URL, for JSON or for HTML. Case does not matter: some destinations change it.
    pub fn mask(&self, text: &str) -> String {
        let forms = self.forms.get_or_init(|| forms::of(&self.secrets));
        // Changing the case of ASCII letters moves nothing.
        let lower = text.to_ascii_lowercase();
        let places = |form: &String| {
            let length = form.len();
            lower.match_indices(form.as_str()).map(move |(at, _)| at..at + length).collect::<Vec<_>>()
        };
        blotted(text, forms.iter().flat_map(places).collect())
    }
}

/// `text` without `places`. Those that overlap are one.
fn blotted(text: &str, mut places: Vec<Range<usize>>) -> String {
    places.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
    let (mut blotted, mut end) = (String::new(), 0);
    for place in places {
        if end == 0 || place.start >= end {
            blotted.push_str(text.get(end..place.start).unwrap_or_default());
            blotted.push_str(BLOT);
        }
        end = end.max(place.end);
    }
    blotted.push_str(text.get(end..).unwrap_or_default());
    blotted
}

impl PartialEq for Masker {
    fn eq(&self, other: &Self) -> bool {
        self.secrets == other.secrets
    }
}

impl Eq for Masker {}

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
    fn secrets_that_overlap_leave_nothing_of_either() {
        assert_eq!(Masker::new(["abcdef", "defghi"]).mask("x abcdefghi y"), "x ***** y");
    }

    #[test]
    fn a_one_character_secret_does_not_blot_out_the_text() {
        assert_eq!(Masker::new(["a", ""]).mask("a banana YQ== 61 %61"), "a banana YQ== 61 %61");
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

    #[test]
    fn issue_15_a_secret_is_blotted_out_in_its_encoded_forms_too() {
        let masker = Masker::new(["p@ss/w0rd \"<é>&1'+?~", "hunter2?>~"]);
        let forms = [
            // Base64, with padding and without, and for URLs.
            "cEBzcy93MHJkICI8w6k+JjEnKz9+",
            "cEBzcy93MHJkICI8w6k-JjEnKz9-",
            "aHVudGVyMj8+fg==",
            "aHVudGVyMj8+fg",
            "aHVudGVyMj8-fg==",
            "aHVudGVyMj8-fg",
            // Hexadecimal digits.
            "704073732f7730726420223cc3a93e2631272b3f7e",
            "704073732F7730726420223CC3A93E2631272B3F7E",
            // URLs: a part, a form, a path, every byte.
            "p%40ss%2Fw0rd%20%22%3C%C3%A9%3E%261%27%2B%3F~",
            "p%40ss%2fw0rd%20%22%3c%c3%a9%3e%261%27%2b%3f~",
            "p%40ss%2Fw0rd+%22%3C%C3%A9%3E%261%27%2B%3F~",
            "p%40ss%2Fw0rd+%22%3C%C3%A9%3E%261%27%2B%3F%7E",
            "p@ss/w0rd%20%22%3C%C3%A9%3E&1'+%3F~",
            "%70%40%73%73%2f%77%30%72%64%20%22%3c%c3%a9%3e%26%31%27%2b%3f%7e",
            // JSON: with the least escapes, in ASCII, with a slash, for HTML.
            r#"p@ss/w0rd \"<é>&1'+?~"#,
            r#"p@ss/w0rd \"<\u00e9>&1'+?~"#,
            r#"p@ss\/w0rd \"<\u00E9>&1'+?~"#,
            r#"p@ss/w0rd \"\u003cé\u003e\u00261'+?~"#,
            // HTML.
            "p@ss/w0rd &quot;&lt;é&gt;&amp;1&#x27;+?~",
            "p@ss/w0rd &#34;&lt;é&gt;&amp;1&#39;+?~",
            "p@ss/w0rd &quot;&lt;é&gt;&amp;1&#039;+?~",
            "p@ss/w0rd \"&lt;é&gt;&amp;1'+?~",
        ];
        for form in forms {
            assert_eq!(masker.mask(&format!("it said [{form}]")), "it said [*****]", "{form}");
        }
    }

    #[test]
    fn issue_15_a_secret_is_blotted_out_inside_of_longer_base64_too() {
        let masker = Masker::new(["p@ss/w0rd \"<é>&1'+?~"]);
        for (around, masked) in [
            ("dTpwQHNzL3cwcmQgIjzDqT4mMScrP356eg==", "dTp*****56eg=="),
            ("dXM6cEBzcy93MHJkICI8w6k+JjEnKz9+eno=", "dXM6*****eno="),
            ("eHBAc3MvdzByZCAiPMOpPiYxJys_fnp6", "eH*****np6"),
        ] {
            assert_eq!(masker.mask(around), masked);
        }
    }

    #[test]
    fn issue_15_what_is_searched_for_is_bounded_and_short_secrets_are_found_as_before() {
        let long = "secret-".repeat(100_000);
        let many: Vec<String> = (0..20_000).map(|n| format!("header-{n}")).collect();
        let masker = Masker::new(many.iter().chain([&long]));
        assert_eq!(masker.mask(&format!("header-19999 and {long}")), "***** and *****");
        let bytes: usize = masker.forms.get().unwrap().iter().map(String::len).sum();
        let plain: usize = many.iter().chain([&long]).map(String::len).sum();
        assert!(bytes <= plain + forms::MOST_BYTES, "{bytes} bytes for {plain}");
        // Three characters are found as they are; what few characters are in base64 is also a part of much else.
        assert_eq!(Masker::new(["abc"]).mask("abc YWJj x=a%62c"), "***** ***** x=a%62c");
    }
}

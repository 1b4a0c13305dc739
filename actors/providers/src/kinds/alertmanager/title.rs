//! The odd casing of reasons in names of alerts, which users' rules depend on (contract, providers 23.16).

/// `reason` with the first cased letter of each word in upper case and all others in lower case. Letters, digits and
/// underscores belong to a word, and so do `.`, `:` and `'` between letters.
pub(super) fn title_case(reason: &str) -> String {
    let mut titled = String::with_capacity(reason.len());
    let mut has_capital = false;
    let mut previous: Option<char> = None;
    let mut characters = reason.chars().peekable();
    while let Some(c) = characters.next() {
        let joins = matches!(c, '.' | ':' | '\'')
            && previous.is_some_and(char::is_alphabetic)
            && characters.peek().is_some_and(|next| next.is_alphabetic());
        let is_cased = c.is_lowercase() || c.is_uppercase();
        if is_cased && !has_capital {
            titled.extend(c.to_uppercase());
            has_capital = true;
        } else {
            titled.extend(c.to_lowercase());
        }
        has_capital &= c.is_alphanumeric() || c == '_' || joins;
        previous = Some(c);
    }
    titled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s23_16_reasons_have_the_casing_that_rules_depend_on() {
        let table = [
            ("HealthCheckFailed", "Healthcheckfailed"),
            ("ReconciliationSucceeded", "Reconciliationsucceeded"),
            ("OCIArtifactPullFailed", "Ociartifactpullfailed"),
            ("foo-bar", "Foo-Bar"),
            ("foo_bar", "Foo_bar"),
            ("foo BAR,baz", "Foo Bar,Baz"),
            ("it's a.b:c d. e", "It's A.b:c D. E"),
            ("3rd try", "3Rd Try"),
            ("éTAT", "État"),
            ("", ""),
        ];
        for (reason, titled) in table {
            assert_eq!(title_case(reason), titled, "{reason}");
        }
    }
}

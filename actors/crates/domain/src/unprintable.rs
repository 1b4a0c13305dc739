//! Characters that steer what shows a text rather than being shown.

/// Whether a character of a foreign text must not reach a terminal or a log as it is: control characters (C0, DEL, C1), line
/// and paragraph separators, and the marks that turn the direction of writing, with which a text can look like another
/// (Unicode Technical Report 36, section 3.5.1).
pub fn is_unprintable(symbol: char) -> bool {
    symbol.is_control()
        || matches!(
            symbol,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_told_from_what_is_shown() {
        let steers = "\0\n\u{1b}\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{2028}\u{2029}\u{202e}\u{2066}\u{2069}";
        assert!(steers.chars().all(is_unprintable));
        assert!(
            !"a ~\u{a0}\u{e9}\u{200d}\u{2027}\u{202f}\u{2065}\u{206a}\u{1f680}".chars().any(is_unprintable)
        );
    }
}

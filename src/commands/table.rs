//! Tables as kubectl prints them: columns padded with spaces, three between them.

use campanile_domain::is_unprintable;

/// Lays out rows under a header. A cell with line breaks is shown on one line.
pub(crate) fn layout(header: &[&str], rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| one_line(cell)).collect()).collect();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: &[&str]| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}   "));
        padded.collect::<String>().trim_end().to_owned() + "\n"
    };
    let body = rows.iter().map(|row| line(&row.iter().map(String::as_str).collect::<Vec<_>>()));
    std::iter::once(line(header)).chain(body).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A number of things, in words.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `text` without characters that could steer a terminal: events and destinations' answers are foreign texts.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if is_unprintable(c) && c != '\n' { '\u{fffd}' } else { c }).collect()
}

/// An age as kubectl shows it: the largest unit that fits, two where the first is small.
pub(crate) fn age(seconds: i64) -> String {
    let s = seconds.max(0);
    match s {
        0..120 => format!("{s}s"),
        120..7_200 => format!("{}m", s / 60),
        7_200..172_800 => format!("{}h", s / 3600),
        _ => format!("{}d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cli_columns_line_up_and_nothing_trails() {
        let rows = [vec!["on-call".into(), "True".into()], vec!["x".into(), "a\n b".into()]];
        assert_eq!(layout(&["NAME", "READY"], &rows), "NAME      READY\non-call   True\nx         a b\n");
    }

    #[test]
    fn cli_foreign_texts_can_not_steer_the_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{9b}c\r\nd"), "a\u{fffd}[31mb\u{fffd}c\u{fffd}\nd");
        assert_eq!(printable("a\u{202e}b\u{2028}"), "a\u{fffd}b\u{fffd}");
    }

    #[test]
    fn cli_ages_are_short() {
        assert_eq!([5, 119, 120, 7_199, 7_200, 200_000].map(age), ["5s", "119s", "2m", "119m", "2h", "2d"]);
    }
}

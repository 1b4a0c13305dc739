//! Tables for a terminal: cut to its width, with colours, unless the output goes elsewhere.

use std::io::{IsTerminal, stdout};

use rustix::termios::tcgetwinsize;

use super::table::{layout, printable};

/// Fewest characters of the column that is cut: less says nothing.
const FEWEST: usize = 20;

/// The screen on which a table is shown.
pub(crate) struct Screen {
    /// Characters of a line; none where a line may be as long as it likes.
    width: Option<usize>,
    colored: bool,
}

impl Screen {
    /// That of standard output. `NO_COLOR` is honoured (no-color.org).
    pub(crate) fn of_stdout() -> Self {
        let terminal = stdout().is_terminal();
        let width =
            tcgetwinsize(stdout()).ok().map(|size| usize::from(size.ws_col)).filter(|width| *width > 0);
        let colored = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { width: width.filter(|_| terminal), colored }
    }

    /// The same with lines of any length.
    pub(crate) fn endless(self) -> Self {
        Self { width: None, ..self }
    }
}

/// A table before it is laid out.
pub(crate) struct Table {
    pub(crate) header: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
    /// The column that gives way where a line is too long.
    pub(crate) cut: &'static str,
}

impl Table {
    /// The text of the table on this screen. Cells hold foreign texts, which cannot steer the terminal.
    pub(crate) fn fit(mut self, screen: &Screen) -> String {
        self.rows.iter_mut().flatten().for_each(|cell| *cell = printable(cell));
        if let (Some(width), Some(column)) = (screen.width, self.column(self.cut)) {
            self.shorten(column, width);
        }
        let text = layout(&self.header, &self.rows);
        if screen.colored { self.color(&text) } else { text }
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|other| *other == name)
    }

    fn shorten(&mut self, column: usize, width: usize) {
        let longest = layout(&self.header, &self.rows).lines().map(|line| line.chars().count()).max();
        let excess = longest.unwrap_or(0).saturating_sub(width);
        let cells = self.rows.iter().map(|row| row[column].chars().count());
        let room = cells.max().unwrap_or(0).saturating_sub(excess).max(FEWEST);
        for row in &mut self.rows {
            if row[column].chars().count() > room {
                row[column] = row[column].chars().take(room - 1).chain(['…']).collect();
            }
        }
    }

    /// Colours the words of the conditions, each where it stands.
    fn color(&self, text: &str) -> String {
        let mut lines = text.lines();
        let mut out: String =
            lines.next().map(|header| format!("\u{1b}[1m{header}\u{1b}[0m\n")).unwrap_or_default();
        for (line, row) in lines.zip(&self.rows) {
            out += &colored(line, row);
            out.push('\n');
        }
        out
    }
}

/// A line with its cells of one known word in colour.
fn colored(line: &str, row: &[String]) -> String {
    let (mut out, mut rest) = (String::new(), line);
    for cell in row {
        let Some((before, after)) = rest.split_once(cell.as_str()) else { break };
        let color = match cell.as_str() {
            "True" => "32",
            "False" | "dead" => "31",
            "Unknown" | "retry" | "parked" | "held" => "33",
            _ => "",
        };
        out += before;
        out += &if color.is_empty() { cell.clone() } else { format!("\u{1b}[{color}m{cell}\u{1b}[0m") };
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(status: &str) -> Table {
        let rows = vec![vec!["chat".to_owned(), "False".to_owned(), status.to_owned(), "3m".to_owned()]];
        Table { header: vec!["NAME", "READY", "STATUS", "AGE"], rows, cut: "STATUS" }
    }

    #[test]
    fn cli_a_table_is_cut_to_the_width_of_a_terminal_and_not_elsewhere() {
        let long = "the destination answered 401 for the tenth time in a row";
        let piped = table(long).fit(&Screen { width: None, colored: false });
        assert!(piped.contains(long), "{piped}");
        let cut = table(long).fit(&Screen { width: Some(60), colored: false });
        assert_eq!(cut.lines().map(|line| line.chars().count()).max(), Some(60), "{cut}");
        assert!(cut.contains("the destination answered 401 for the t…") && cut.ends_with("3m\n"), "{cut}");
        let narrow = table(long).fit(&Screen { width: Some(10), colored: false });
        assert!(narrow.contains("the destination ans…"), "{narrow}");
        let short = table("Initialized").fit(&Screen { width: Some(60), colored: false });
        assert!(short.contains("Initialized   3m"), "{short}");
    }

    #[test]
    fn cli_only_the_words_of_conditions_are_coloured() {
        let text = table("False alarm").fit(&Screen { width: None, colored: true });
        assert_eq!(
            text,
            "\u{1b}[1mNAME   READY   STATUS        AGE\u{1b}[0m\nchat   \u{1b}[31mFalse\u{1b}[0m   False alarm   3m\n"
        );
    }

    #[test]
    fn cli_a_cell_cannot_steer_the_terminal() {
        let text = table("\u{1b}[2J").fit(&Screen { width: None, colored: false });
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}

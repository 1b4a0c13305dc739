//! Refusals of destinations in words of their own: data beside each type, which comes before the table of statuses.

use std::fmt;

use campanile_domain::{Disposition, FailureClass, Masker, Response, Verdict};
use jiff::Timestamp;
use serde_json::Value;

use crate::judgement::{classify, judge, told};

/// The longest text of an answer that is looked through, in bytes.
const LONGEST_TEXT: usize = 4096;

/// The source of words that the documentation does not have, or whose page could not be read.
pub(crate) const SEEN: &str = "not found in the documentation; what public reports show";

/// A row of a type's table: how its destination says something, what that means, and what to do about it.
#[derive(Clone, Copy, Debug)]
pub struct Refusal {
    /// The class of failure that follows.
    pub class: FailureClass,
    /// What is the matter and what to do about it: a fragment that fits after "request failed with status code 400,".
    pub remedy: &'static str,
    /// The document that has these words, linked; or that none was found.
    pub source: &'static str,
    /// The only status that counts; none for every failure.
    status: Option<u16>,
    /// The place of the words in a JSON answer, as a pointer; the whole text where it is empty.
    place: &'static str,
    /// The words, of which one must be there; the status alone counts where there are none.
    words: &'static [&'static str],
}

impl Refusal {
    /// A row without words: to be completed by [`on`](Self::on), [`at`](Self::at) or [`says`](Self::says).
    pub(crate) const fn means(class: FailureClass, remedy: &'static str, source: &'static str) -> Self {
        Self { class, remedy, source, status: None, place: "", words: &[] }
    }

    /// Limits the row to this status.
    pub(crate) const fn on(self, status: u16) -> Self {
        Self { status: Some(status), ..self }
    }

    /// The value at `place`, a JSON pointer, is one of `words`.
    pub(crate) const fn at(self, place: &'static str, words: &'static [&'static str]) -> Self {
        Self { place, words, ..self }
    }

    /// One of `words` is in the text, whatever its case.
    pub(crate) const fn says(self, words: &'static [&'static str]) -> Self {
        Self { words, ..self }
    }

    /// Whether this is one of its words.
    pub(crate) fn is_called(&self, word: &str) -> bool {
        self.words.iter().any(|known| known.eq_ignore_ascii_case(word))
    }

    fn is_said(&self, status: u16, said: &Said<'_>) -> bool {
        self.status.is_none_or(|only| only == status)
            && (self.words.is_empty() || said.has(self.place, self.words))
    }
}

/// An answer as rows look at it, read once.
struct Said<'a> {
    json: Option<Value>,
    text: &'a [u8],
}

impl<'a> Said<'a> {
    fn by(response: &'a Response) -> Self {
        let json = serde_json::from_slice(&response.body).ok();
        Self { json, text: beginning(response) }
    }

    fn has(&self, place: &str, words: &[&str]) -> bool {
        if place.is_empty() {
            return words.iter().any(|word| contains(self.text, word));
        }
        match self.json.as_ref().and_then(|json| json.pointer(place)) {
            Some(Value::String(text)) => words.iter().any(|word| word.eq_ignore_ascii_case(text)),
            Some(Value::Number(number)) => words.iter().any(|word| *word == number.to_string()),
            _ => false,
        }
    }
}

/// Whether `text` has `word`, which is not empty, whatever the case of its ASCII letters.
pub(crate) fn contains(text: &[u8], word: &str) -> bool {
    text.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// The beginning of an answer's text.
pub(crate) fn beginning(response: &Response) -> &[u8] {
    response.body.get(..LONGEST_TEXT).unwrap_or(&response.body)
}

/// The first row that an answer, of whatever status, is about.
pub(crate) fn find(rows: &'static [Refusal], response: &Response) -> Option<&'static Refusal> {
    let said = Said::by(response);
    rows.iter().find(|row| row.is_said(response.status, &said))
}

/// The verdict by the shared table, but for failures that one of `rows` is about. A failure that passes by itself is not
/// looked at: a destination that is down may say anything.
pub(crate) fn judge_with(
    rows: &'static [Refusal],
    response: &Response,
    now: Timestamp,
    masker: &Masker,
) -> Verdict {
    let lasts = classify(response).is_some_and(|class| class.disposition() != Disposition::Retry);
    match lasts.then(|| find(rows, response)).flatten() {
        Some(row) => told(row.class, row.remedy, response, now, masker),
        None => judge(response, now, masker),
    }
}

/// How the destination says it, as the documentation shows it: `400, 220001` or `"too many request"`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map(|status| status.to_string());
        let words = self.words.iter().map(|word| format!("`{word}`"));
        let parts: Vec<String> = status.into_iter().chain(words).collect();
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
impl Refusal {
    /// An answer for each of its words.
    pub(crate) fn examples(&self) -> Vec<Response> {
        let status = self.status.unwrap_or(400);
        let example = |word: &str| match self.place.strip_prefix('/') {
            None => crate::testing::answer(status, &[], &format!(r#"{{"code":1,"message":"no: {word}."}}"#)),
            Some(place) => {
                let number = word.bytes().all(|b| b.is_ascii_digit());
                let value = if number { word.to_owned() } else { format!("\"{word}\"") };
                let names: Vec<&str> = place.split('/').collect();
                let json = names.iter().rev().fold(value, |inner, name| format!("{{\"{name}\":{inner}}}"));
                crate::testing::answer(status, &[], &json)
            }
        };
        if self.words.is_empty() {
            vec![example("")]
        } else {
            self.words.iter().map(|word| example(word)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{answer, failed};
    use FailureClass as C;
    use campanile_testkit::noon;

    static ROWS: &[Refusal] = &[
        Refusal::means(C::Gone, "it is a forum", "a page").on(400).at("/code", &["220001"]),
        Refusal::means(C::Credentials, "the key is old", "a page").says(&["key format"]),
        Refusal::means(C::Gone, "there is no room", "a page").on(404),
    ];

    fn class(status: u16, body: &str) -> C {
        failed(judge_with(ROWS, &answer(status, &[], body), noon(), &Masker::default())).1
    }

    #[test]
    fn i16_6_the_words_of_an_api_come_before_the_status() {
        assert_eq!(class(400, r#"{"code":220001}"#), C::Gone);
        assert_eq!(class(400, r#"{"code":"220001"}"#), C::Gone);
        assert_eq!(class(422, r#"{"message":"Key Format is not valid!"}"#), C::Credentials);
        assert_eq!(class(404, ""), C::Gone);
    }

    #[test]
    fn i16_6_other_words_and_other_statuses_keep_the_class_of_the_status() {
        assert_eq!(class(400, r#"{"code":2200011}"#), C::Rejected, "a number is told whole");
        assert_eq!(class(400, r#"{"about":{"code":220001}}"#), C::Rejected, "elsewhere it is something else");
        assert_eq!(class(422, r#"{"code":220001}"#), C::Rejected);
        assert_eq!(class(503, "key format"), C::Server, "who is down may say anything");
    }

    #[test]
    fn i16_6_a_row_is_shown_by_its_status_and_its_words() {
        assert_eq!(ROWS[0].to_string(), "400, `220001`");
        assert_eq!(ROWS[1].to_string(), "`key format`");
        assert_eq!(ROWS[2].to_string(), "404");
    }
}

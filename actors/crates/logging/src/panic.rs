//! Panics as lines of the log.
//!
//! A panic's message that was put together while the program ran may quote what the code had in its hands: an address, a
//! token. So only messages that cannot do that are shown, those that stand in the code and those of the standard library
//! that name numbers; of every panic the line tells the place in the code, which says what went wrong.

use std::any::Any;
use std::panic::PanicHookInfo;

/// Messages of the standard library, without their numbers.
const HARMLESS: &[&str] = &[
    "index out of bounds: the len is  but the index is ",
    "range start index  out of range for slice of length ",
    "range end index  out of range for slice of length ",
    "slice index starts at  but ends at ",
];

/// In place of a message that may quote a secret.
const WITHHELD: &str = "a message that may quote a secret is not shown, the place tells the cause";

/// Logs a panic, and waits until the line is written: the next thing may be the end of the process.
pub(super) fn log(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let (place, thread) = (panic.location().map(ToString::to_string), thread.name());
    tracing::error!(error = shown(panic.payload()), place, thread, "panicked");
    super::flush();
}

/// What may be shown of a panic's message.
fn shown(payload: &(dyn Any + Send)) -> &str {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        return text;
    }
    let text = payload.downcast_ref::<String>().map_or("", String::as_str);
    let without_numbers: String = text.chars().filter(|symbol| !symbol.is_ascii_digit()).collect();
    if HARMLESS.contains(&without_numbers.as_str()) { text } else { WITHHELD }
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    /// What is shown of a panic of `act`.
    fn told(act: impl FnOnce() + std::panic::UnwindSafe) -> String {
        shown(catch_unwind(act).expect_err("it panics").as_ref()).to_owned()
    }

    #[test]
    fn what_a_message_quotes_is_not_shown_and_what_only_counts_is() {
        let secret = std::hint::black_box(String::from("https://hooks.example/é"));
        let (text, bytes) = (secret.clone(), secret.clone().into_bytes());
        let far = std::hint::black_box(99);
        assert_eq!(told(move || drop(text.split_at(text.len() - 1).0.to_owned())), WITHHELD);
        let text = secret.clone();
        assert_eq!(told(move || assert_eq!(text.parse().map_err(|_| text), Ok(0))), WITHHELD);
        assert_eq!(told(move || panic!("{secret}")), WITHHELD);
        assert_eq!(told(|| panic!("the code says so")), "the code says so");
        let copy = bytes.clone();
        let expected = format!("index out of bounds: the len is {} but the index is 99", bytes.len());
        assert_eq!(told(move || assert_eq!(bytes[far], 0)), expected);
        let expected = format!("range end index 99 out of range for slice of length {}", copy.len());
        assert_eq!(told(move || drop(copy[..far].to_vec())), expected);
    }
}

//! The number of the change request that an event belongs to (contract, providers 18).

use campanile_domain::{Failure, FailureClass};

use crate::text::{excerpt, one_line};

/// How much of a value that is none is quoted, in bytes.
const QUOTED: usize = 64;

/// The number in the `value` of the fact `change_request`. GitHub would take zero for the whole repository.
///
/// # Errors
/// A [`Failure`] of this delivery alone: there is none, or it is not a number from 1 on.
pub(super) fn of(value: Option<&str>) -> Result<u64, Failure> {
    let failure = |text| Failure::new(FailureClass::Render, text);
    let text = value.ok_or_else(|| {
        failure("missing \"change_request\" metadata key; annotate the object with it".to_owned())
    })?;
    let number = text.parse::<i64>().ok().filter(|number| *number > 0);
    number.map(i64::unsigned_abs).ok_or_else(|| {
        let shown = excerpt(one_line(text), QUOTED);
        failure(format!(
            "invalid \"change_request\" metadata value \"{shown}\": write the number of the change request"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<u64, String> {
        of(Some(text)).map_err(|failure| failure.message)
    }

    #[test]
    fn s18_a_number_is_decimal_with_or_without_a_sign() {
        assert_eq!(number("42"), Ok(42));
        assert_eq!(number("+42"), Ok(42));
        assert_eq!(number("9223372036854775807"), Ok(9_223_372_036_854_775_807));
        for text in ["", "five", " 5", "5 ", "0x5", "5.0", "0", "-1", "9223372036854775808", "1\n2"] {
            assert!(
                number(text).unwrap_err().starts_with("invalid \"change_request\" metadata value"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn s18_without_the_key_the_delivery_fails_alone() {
        let failure = of(None).unwrap_err();
        assert_eq!(failure.class, FailureClass::Render);
        assert!(failure.message.starts_with("missing \"change_request\" metadata key"), "{failure}");
    }

    #[test]
    fn a_value_is_quoted_on_one_line_and_not_without_end() {
        assert!(number("1\n2").unwrap_err().contains("\"1 2\""));
        assert!(number(&"x".repeat(100_000)).unwrap_err().len() < 200);
    }
}

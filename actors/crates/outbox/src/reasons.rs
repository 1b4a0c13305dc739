//! The failures that the outbox itself gives to deliveries, in words for people.

use campanile_domain::{Failure, FailureClass};

/// The failure of a delivery whose deadline passed.
pub(crate) fn expired() -> Failure {
    Failure::new(
        FailureClass::Expired,
        "deliver before the deadline; redrive it once the destination works again, if it still matters",
    )
}

/// The provider's queue was at its bound and this was its oldest.
pub(crate) fn overflow() -> Failure {
    Failure::new(
        FailureClass::Overflow,
        "keep the oldest delivery of a full queue; mend the destination, then redrive it",
    )
}

/// The stored record cannot be read.
pub(crate) fn damaged() -> Failure {
    Failure::new(FailureClass::Damaged, "read the stored record back; check the disk of the state folder")
}

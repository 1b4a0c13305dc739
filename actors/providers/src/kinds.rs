//! The types, one file each: what is sent, and what the destination's answers mean.

pub(crate) mod generic;
pub(crate) mod generic_hmac;
pub(crate) mod slack;
mod webhook;

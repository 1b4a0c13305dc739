//! Text in the forms that URLs, bodies and keys take.

pub(crate) mod form;
pub(crate) mod hash;
mod percent;

pub(crate) use percent::segment;

//! What each command does.

mod check;
mod demo;
mod get;
mod run;
mod table;

pub(crate) use check::check;
pub(crate) use demo::demo;
pub(crate) use get::get;
pub(crate) use run::run;

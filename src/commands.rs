//! The commands of the program, one file each.

mod api;
mod check;
mod crds;
mod demo;
mod documents;
mod event;
mod explain;
mod get;
mod letters;
mod out;
mod preflight;
mod receive;
mod resources;
mod retry;
mod run;
mod screen;
mod send;
mod table;
mod uninstall;

pub(crate) use check::check;
pub(crate) use crds::crds;
pub(crate) use demo::demo;
pub(crate) use documents::{completion, documents};
pub(crate) use explain::explain;
pub(crate) use get::get;
pub(crate) use letters::{discard, redrive};
pub(crate) use preflight::preflight;
pub(crate) use receive::receive;
pub(crate) use retry::retry;
pub(crate) use run::run;
pub(crate) use send::send;
pub(crate) use uninstall::uninstall;

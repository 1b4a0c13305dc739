//! What each command does.

mod api;
mod check;
mod crds;
mod demo;
mod explain;
mod get;
mod out;
mod redrive;
mod run;
mod send;
mod table;

pub(crate) use check::check;
pub(crate) use crds::crds;
pub(crate) use demo::demo;
pub(crate) use explain::explain;
pub(crate) use get::get;
pub(crate) use redrive::redrive;
pub(crate) use run::run;
pub(crate) use send::send;

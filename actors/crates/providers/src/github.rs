//! GitHub as all types use it that talk to it: its REST API, and the login of an App.

mod api;
mod app;
mod headers;

pub(crate) use api::{Api, json};
pub use app::GithubAppError;

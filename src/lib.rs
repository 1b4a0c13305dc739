//! The composition root: command line, configuration, wiring of the actors, and the operations HTTP endpoints.
//!
//! Nothing imports this crate. What Campanile does lives in the member crates; what is put together, and where it
//! runs, is decided here, in [`app`].

pub mod app;
pub mod cli;
mod commands;
pub mod config;
mod definitions;
pub mod demo;
pub mod explain;
pub mod ops;
mod preflight;

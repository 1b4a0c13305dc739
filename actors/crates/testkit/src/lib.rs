//! Shared means of tests: values with defaults, a paused clock, and a test system that fails on leaked actors.

mod system;
mod values;

pub use system::{Ward, run};
pub use values::{alert, event, new_delivery, noon, provider, source};

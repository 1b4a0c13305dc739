//! The integration tests: one binary, module names say the ring.

mod style_dependencies;
mod style_sizes;

//! A test system that fails on leaked actors, builders with defaults, and sinks.

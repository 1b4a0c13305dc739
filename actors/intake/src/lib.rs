//! The actor that takes events in over HTTP.

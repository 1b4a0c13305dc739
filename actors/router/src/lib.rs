//! The actor that holds the alert index and plans deliveries.

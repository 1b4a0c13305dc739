//! The actor that reads objects and writes their status; in standalone mode from and for a folder of manifests.

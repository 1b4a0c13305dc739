//! One file per provider type, sans I/O: exchanges that yield requests and judge responses.

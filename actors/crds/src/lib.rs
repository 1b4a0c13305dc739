//! Alert, Provider and Receiver in every served version, turned into domain values at the edge.

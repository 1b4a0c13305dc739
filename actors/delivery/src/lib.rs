//! The dispatcher and the provider actors: they take deliveries from the outbox and carry out exchanges.

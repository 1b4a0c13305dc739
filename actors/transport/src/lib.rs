//! The only crate that dials out: HTTP client, proxies, TLS, address guard, capped reads.

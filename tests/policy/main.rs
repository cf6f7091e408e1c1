//! Policies, tested with plain arithmetic over `now`.

mod circuit_breaker;

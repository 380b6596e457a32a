//! Acceptance tests: real terraform, real API servers, real istiod.

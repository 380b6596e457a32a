//! Real Kubernetes clusters on one Linux machine without containers, for tests.

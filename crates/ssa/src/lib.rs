//! Makes live Kubernetes objects equal a manifest set by server-side apply.

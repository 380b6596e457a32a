//! What states a mesh and its parts can be in, which of two is worse, and the words that `status` has for them. Pure.

mod link;

pub use link::{Heard, Held, LinkState, Verdict, judged};

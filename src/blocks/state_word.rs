//! States as `status` has them: words.

use tfplugin::Field;

use crate::health::State;

/// A state in `status`.
pub fn word(state: impl State) -> Field<String> {
    Field::Known(state.name().to_owned())
}

/// The state that a word in `status` stands for; `None` if there is no word.
pub fn state_of<S: State>(word: &Field<String>) -> Option<S> {
    word.as_str().map(S::of_name)
}

/// A word as a plan knows it: what is good stays so.
pub fn good<S: State>(word: &Field<String>) -> Field<String> {
    if state_of::<S>(word).is_some_and(S::is_good) { word.clone() } else { Field::Unknown }
}

//! The parts of Go's standard library whose output ends up in manifests: `strconv`, `fmt`, `encoding/json`, `path` and `time`.

pub(crate) mod base64;
pub(crate) mod decimal;
pub(crate) mod duration;
pub(crate) mod fmt;
pub(crate) mod json;
pub(crate) mod number;
pub(crate) mod path;
pub(crate) mod quote;
pub(crate) mod time;
pub(crate) mod unicode;
mod unprintable;
pub(crate) mod url;

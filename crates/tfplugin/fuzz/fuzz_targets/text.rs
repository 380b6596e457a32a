//! Numbers, types and durations as text.
#![no_main]

#[path = "../src/entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::text(input));

//! Values in both encodings, of a type that the input itself brings.
#![no_main]

#[path = "../src/entry.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|input: &[u8]| entry::decode(input));

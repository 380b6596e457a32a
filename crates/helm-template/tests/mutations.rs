//! The fuzz targets' functions over seeded mutations of real templates, YAML and archives: no panic, no endless work.

// A test that meets what it does not expect stops there.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

#[path = "../fuzz/entry/mod.rs"]
mod entry;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

/// One input that takes longer than this hangs, on whatever machine.
const LONGEST: Duration = Duration::from_secs(30);

/// How many inputs each target gets, unless the environment says otherwise.
const MUTATIONS: usize = 1_500;

/// A small generator of repeatable chance (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("a small number")
    }

    /// A copy of a seed with some bytes changed, removed, doubled, or replaced by a piece of another seed.
    fn mutated(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seeds[self.below(seeds.len())].clone();
        for _ in 0..=self.below(6) {
            let position = self.below(bytes.len() + 1).min(bytes.len());
            let length = self.below(12).min(bytes.len() - position);
            match self.below(5) {
                0 => {
                    let bit = 1u8 << self.below(8);
                    bytes[position..position + length].iter_mut().for_each(|byte| *byte ^= bit);
                }
                1 => drop(bytes.drain(position..position + length)),
                2 => {
                    let piece = bytes[position..position + length].to_vec();
                    bytes.splice(position..position, piece.repeat(1 + self.below(4)));
                }
                3 => {
                    let other = &seeds[self.below(seeds.len())];
                    let from = self.below(other.len() + 1).min(other.len());
                    let piece = other[from..(from + 16).min(other.len())].to_vec();
                    bytes.splice(position..position + length, piece);
                }
                _ => bytes.truncate(position),
            }
        }
        bytes
    }
}

/// Every file below a folder of `tests/`.
fn seeds(folder: &str) -> Vec<Vec<u8>> {
    fn collect(path: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(path).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() { collect(&entry, found) } else { found.push(entry) }
        }
    }
    let mut paths = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder), &mut paths);
    paths.sort();
    let seeds: Vec<Vec<u8>> = paths.iter().map(|path| fs::read(path).expect("a file")).collect();
    assert!(seeds.len() > 20, "too few seeds: {}", seeds.len());
    seeds
}

fn run(seed: u64, seeds: &[Vec<u8>], target: fn(&[u8])) {
    let count = std::env::var("MUTATIONS").map_or(MUTATIONS, |count| count.parse().expect("a number"));
    let mut chance = Chance(seed);
    let (sender, receiver) = mpsc::channel::<Vec<u8>>();
    let (done, finished) = mpsc::channel::<()>();
    let worker = std::thread::spawn(move || {
        for input in receiver {
            target(&input);
            done.send(()).expect("the test waits");
        }
    });
    for _ in 0..count {
        let input = chance.mutated(seeds);
        sender.send(input.clone()).expect("the worker waits");
        if let Err(error) = finished.recv_timeout(LONGEST) {
            panic!("{error} for {:?}", String::from_utf8_lossy(&input));
        }
    }
    drop(sender);
    worker.join().expect("the worker ends");
}

#[test]
fn mutated_templates_are_rendered_or_refused() {
    run(0x9E37_79B9_7F4A_7C15, &seeds("charts"), entry::template);
}

#[test]
fn mutated_yaml_is_decoded_or_refused() {
    run(0xD1B5_4A32_D192_ED03, &seeds("charts"), entry::yaml);
}

#[test]
fn mutated_archives_are_loaded_or_refused() {
    let files = seeds("charts");
    let archives: Vec<Vec<u8>> = files
        .chunks(4)
        .map(|files| {
            let encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
            let mut builder = tar::Builder::new(encoder);
            for (index, data) in files.iter().enumerate() {
                let mut header = tar::Header::new_gnu();
                header.set_size(data.len() as u64);
                header.set_mode(0o644);
                let name = ["Chart.yaml", "values.yaml", "templates/a.yaml", "charts/b/Chart.yaml"][index];
                builder.append_data(&mut header, format!("c/{name}"), data.as_slice()).expect("a tar entry");
            }
            builder.into_inner().and_then(flate2::write::GzEncoder::finish).expect("an archive")
        })
        .collect();
    run(0x1234_5678_9ABC_DEF1, &archives, entry::archive);
}

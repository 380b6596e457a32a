//! Figures, and a row of the table.

use std::fmt;

/// One figure of both programs; the first is ours.
pub struct Compared {
    name: String,
    figures: [u64; 2],
    shown: fn(u64) -> String,
}

impl Compared {
    pub fn new(name: impl Into<String>, figures: [u64; 2], shown: fn(u64) -> String) -> Self {
        Self { name: name.into(), figures, shown }
    }
}

impl fmt::Display for Compared {
    #[allow(clippy::cast_precision_loss, reason = "figures are shown with three digits")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [ours, theirs] = self.figures;
        let ratio = theirs as f64 / ours as f64;
        write!(f, "| {} | {} | {} | {ratio:.1} |", self.name, (self.shown)(ours), (self.shown)(theirs))
    }
}

pub fn median(figures: impl Iterator<Item = u64>) -> u64 {
    let mut figures: Vec<u64> = figures.collect();
    figures.sort_unstable();
    figures[figures.len() / 2]
}

pub fn smallest(figures: impl Iterator<Item = u64>) -> u64 {
    figures.min().unwrap()
}

#[allow(clippy::cast_precision_loss, reason = "figures are shown with three digits")]
pub fn milliseconds(microseconds: u64) -> String {
    format!("{:.1} ms", microseconds as f64 / 1000.0)
}

#[allow(clippy::cast_precision_loss, reason = "figures are shown with three digits")]
pub fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

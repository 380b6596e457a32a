//! The moments at which runs are killed.

use std::fmt;

use crate::random::Random;

/// What a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// It makes what is not there.
    Create,
    /// It changes what is there.
    Update,
    /// It deletes what is there.
    Destroy,
}

/// How far a run has come when it is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// As soon as so many of its writes have been seen, in all clusters together.
    Write(usize),
    /// As soon as the records of so many clusters are closed: the mesh is whole there, or gone.
    Closed(usize),
}

/// So many moments for a verb that writes `writes` times: as far as another one is left, the closing of the first record, the first write
/// and the closing of the last record; and the others spread over the whole run, the same ones for the same seed.
pub fn moments(count: usize, writes: usize, verb: Verb, seed: u64) -> Vec<Moment> {
    let forced = [Moment::Closed(1), Moment::Write(1), Moment::Closed(2)];
    let forced = forced.into_iter().take(count.saturating_sub(1));
    let spread = count - forced.len();
    let mut random = Random::of(seed.wrapping_add(verb as u64));
    let others = (0..spread).map(|part| {
        // One in each part of the run, so that every stage has some.
        let (begin, end) = (part * writes / spread, (part + 1) * writes / spread);
        Moment::Write(begin + 1 + random.below((end - begin).max(1)))
    });
    let others: Vec<_> = others.collect();
    forced.chain(others).collect()
}

impl Moment {
    /// What to try if the run was over before.
    #[must_use]
    pub fn earlier(self) -> Self {
        match self {
            Self::Write(number) => Self::Write((number - number.div_ceil(20)).max(1)),
            closed @ Self::Closed(_) => closed,
        }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(number) => write!(f, "at write {number}"),
            Self::Closed(number) => write!(f, "at the closing of record {number}"),
        }
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Destroy => "destroy",
        })
    }
}

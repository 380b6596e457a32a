//! The lab that runs now: one at a time, as all have the same addresses.

use std::sync::{Arc, Mutex};

use lab::{Lab, Spec};

use crate::mesh;

/// What a test needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `east` and `west`, each with a network of its own.
    Isolated,
    /// `east` and `west` on one network.
    Flat,
    /// `east` and `west`, isolated, as one mesh.
    Mesh,
}

static RUNNING: Mutex<Option<(Kind, Arc<Lab>)>> = Mutex::new(None);

/// The lab of this kind, started if need be.
pub fn get(kind: Kind) -> Arc<Lab> {
    let mut running = RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some((known, lab)) = &*running
        && *known == kind
    {
        return Arc::clone(lab);
    }
    *running = None;
    let names = ["east", "west"];
    let spec = if kind == Kind::Flat { Spec::flat(&names) } else { Spec::isolated(&names) };
    let lab = Arc::new(start(&spec));
    if kind == Kind::Mesh {
        mesh::install(&lab);
    }
    *running = Some((kind, Arc::clone(&lab)));
    lab
}

/// Starts a lab and says how long it took.
pub fn start(spec: &Spec) -> Lab {
    let started = std::time::Instant::now();
    let lab = Lab::start(spec).unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
    eprintln!("{} clusters ready in {:.1} s", spec.clusters.len(), started.elapsed().as_secs_f64());
    lab
}

/// Ends the lab that runs.
pub fn end() {
    *RUNNING.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = None;
}

//! The real parts of the lab: pinned programs, built once into a cache outside the tree.
//!
//! Every source is pinned below `tools/`: a Go module a tool, whose `go.mod` and `go.sum` name version and
//! digest, a Python requirements file for Envoy, a version of cargo-deny. [`ensure`] makes what is missing, with visible progress.
//! Tests use [`find`], which never builds.

mod cache;
mod cargo;
mod certificate_oracle;
mod charts;
mod command;
mod envoy;
mod error;
mod go;
mod istio;
mod kubeconfig;
pub mod machine;
mod part;
mod public_charts;
mod recipe;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use cache::root as cache_directory;
pub use charts::Charts;
pub use error::{BUILD_COMMAND, Error};
pub use part::Part;
use recipe::Recipe;

/// Where each part is.
#[derive(Clone, Debug)]
pub struct Parts {
    paths: BTreeMap<Part, PathBuf>,
    root: PathBuf,
}

impl Parts {
    /// The part's file or folder. It is there if [`ensure`] was asked for the part.
    pub fn path(&self, part: Part) -> &Path {
        self.paths.get(&part).unwrap_or(&self.root)
    }

    /// The folders with the programs of [`Part::DEFAULT`], for `PATH`.
    pub fn program_directories(&self) -> Vec<&Path> {
        let mut directories: Vec<&Path> =
            Part::DEFAULT.iter().filter_map(|part| self.path(*part).parent()).collect();
        directories.dedup();
        directories
    }

    /// Istio's charts.
    pub fn charts(&self) -> Charts {
        Charts::at(self.path(Part::Charts).into())
    }

    /// Where every part is or would be.
    pub fn located() -> Result<Self, Error> {
        let root = cache_directory()?.join("parts");
        let mut paths = BTreeMap::new();
        for part in Part::ALL {
            paths.insert(*part, root.join(part.recipe().directory_name()?).join(part.file_name()));
        }
        Ok(Self { paths, root })
    }
}

/// Makes what is missing of `parts`, telling on standard error what is made and how long it took.
pub fn ensure(parts: &[Part]) -> Result<Parts, Error> {
    let located = Parts::located()?;
    let mut recipes: Vec<(&'static Recipe, PathBuf)> = Vec::new();
    for part in parts {
        let directory = located.path(*part).parent().unwrap_or(&located.root).to_owned();
        if !directory.is_dir() && recipes.iter().all(|(_, known)| *known != directory) {
            recipes.push((part.recipe(), directory));
        }
    }
    if !recipes.is_empty() {
        machine::check_build()?;
        eprintln!("making {} of the lab's parts in {}", recipes.len(), located.root.display());
    }
    for (index, (recipe, directory)) in recipes.iter().enumerate() {
        let step = format!("[{}/{}] {} {}", index + 1, recipes.len(), recipe.name, recipe.version()?);
        eprintln!("{step}: making");
        let started = Instant::now();
        cache::make_once(directory, |unfinished| recipe.make(unfinished))?;
        eprintln!("{step}: made in {}", spoken(started.elapsed()));
    }
    Ok(located)
}

/// The path of a part that is there. Never builds: the error names the command that does.
pub fn find(part: Part) -> Result<PathBuf, Error> {
    let part = part.chosen();
    let directory = cache_directory()?.join("parts").join(part.recipe().directory_name()?);
    let path = directory.join(part.file_name());
    if path.exists() { Ok(path) } else { Err(Error::NotBuilt { part, path }) }
}

/// Istio's charts, stamped as a release. Never builds, like [`find`].
pub fn charts() -> Result<Charts, Error> {
    find(Part::Charts).map(Charts::at)
}

fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 60 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

//! Renders a Helm chart in the process, as `helm template` does: chart, values, release and capabilities in, manifests out.
//!
//! ```
//! use helm_template::{Capabilities, Chart, Options, Release, Values, render};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # std::fs::create_dir(directory.path().join("templates"))?;
//! # std::fs::write(directory.path().join("Chart.yaml"), "apiVersion: v2\nname: hello\nversion: 1.0.0\n")?;
//! # std::fs::write(directory.path().join("values.yaml"), "greeting: hello\n")?;
//! # std::fs::write(directory.path().join("templates/a.yaml"), "text: {{ .Values.greeting | quote }}\n")?;
//! let chart = Chart::from_directory(directory.path())?;
//! let rendered = render(
//!     &chart,
//!     &Values::from_yaml("greeting: good morning")?,
//!     &Release::new("demo", "default"),
//!     &Capabilities::new("v1.31.0"),
//!     &Options::default(),
//! )?;
//! assert_eq!(rendered.to_text(), "---\n# Source: hello/templates/a.yaml\ntext: \"good morning\"\n");
//! # Ok(())
//! # }
//! ```
//!
//! The result is equal to Helm's, byte for byte: 4.3 by default, 3.22 with [`Helm::V3`]. Rendering sees no clock, network,
//! environment or chance; what a caller wants templates to see of the world comes through a [`Source`].
//!
//! | module | Go's counterpart |
//! |---|---|
//! | `template` | `text/template` |
//! | `funcs` | `text/template`'s functions, sprig, Helm's `engine/funcs.go` |
//! | `golang` | `strconv`, `fmt`, `encoding/json`, `path`, `time` |
//! | [`yaml`] | `sigs.k8s.io/yaml` on go-yaml v2 |
//! | [`chart`] | Helm's `chart` and `chart/loader`, `chart/util` |
//! | `manifest` | Helm's `release/util` |

mod capabilities;
pub mod chart;
mod funcs;
mod golang;
mod manifest;
mod object;
mod release;
mod render;
mod source;
mod template;
mod value;
pub mod values;
mod version;
pub mod yaml;

pub use capabilities::{Capabilities, InvalidKubeVersion};
pub use chart::{Chart, Metadata};
pub use golang::duration::parse_duration;
pub use manifest::{Hook, Manifest, ParseError};
pub use release::{Helm, Options, Release};
pub use render::{Error, Rendered, render};
pub use source::{Certificate, CertificateRequest, Source, Zone};
pub use values::Values;

//! Who may import what in the provider itself: the one copy of the table. ARCHITECTURE.md has a printed one.

use std::collections::BTreeSet;
use std::fmt::Write as _;

/// What one module may import.
pub struct Row {
    pub module: &'static str,
    /// Modules of ours.
    pub modules: &'static [&'static str],
    /// Packages: either the only ones, or those that are not allowed.
    pub packages: Packages,
}

pub enum Packages {
    /// A pure module: these packages only, and of the standard library nothing that reaches outside.
    Only(&'static [&'static str]),
    Except(&'static [&'static str]),
}

use Packages::{Except, Only};

/// Every module has a row, below all that it may import.
pub const TABLE: &[Row] = &[
    Row {
        module: "mesh",
        modules: &[],
        packages: Only(&["ipnet", "semver", "serde", "serde_json", "thiserror"]),
    },
    Row {
        module: "mesh_config",
        modules: &[],
        packages: Only(&["helm_template", "prost_reflect", "serde_json", "strsim", "thiserror"]),
    },
    Row {
        module: "trust",
        modules: &["mesh"],
        packages: Only(&[
            "base16ct",
            "base64",
            "getrandom",
            "num_bigint",
            "p256",
            "p384",
            "p521",
            "pem",
            "rcgen",
            "rustls",
            "rustls_webpki",
            "secrecy",
            "sha2",
            "thiserror",
            "time",
            "x509_parser",
        ]),
    },
    Row { module: "charts", modules: &["mesh"], packages: Except(&["kube", "ssa", "tfplugin", "tonic"]) },
    Row { module: "desired", modules: &["mesh"], packages: Only(&["serde_json", "ssa", "thiserror"]) },
    Row {
        module: "render",
        modules: &["charts", "desired", "mesh"],
        packages: Only(&["base64", "helm_template", "serde", "serde_json", "thiserror"]),
    },
    Row {
        module: "manifests",
        modules: &["desired", "mesh"],
        packages: Only(&[
            "base16ct",
            "base64",
            "helm_template",
            "hmac",
            "k8s_openapi",
            "serde",
            "serde_json",
            "sha2",
            "ssa",
            "strsim",
            "thiserror",
        ]),
    },
    Row { module: "clusters", modules: &["mesh"], packages: Except(&["ssa", "tfplugin", "tonic"]) },
    Row {
        module: "observe",
        modules: &["clusters", "mesh"],
        packages: Except(&["helm_template", "ssa", "tfplugin", "tonic"]),
    },
    Row {
        module: "rollout",
        modules: &["clusters", "desired", "manifests", "mesh", "observe", "trust"],
        packages: Except(&["helm_template", "tfplugin", "tonic"]),
    },
    Row {
        module: "documents",
        modules: &["mesh", "trust"],
        packages: Only(&["serde", "serde_json", "tfplugin", "thiserror"]),
    },
    Row {
        module: "diagnostics",
        modules: &[
            "charts",
            "clusters",
            "documents",
            "manifests",
            "mesh",
            "observe",
            "render",
            "rollout",
            "trust",
        ],
        packages: Except(&["tonic"]),
    },
    Row {
        module: "provider_data",
        modules: &["charts", "clusters", "observe", "render", "rollout"],
        packages: Except(&["kube", "tfplugin", "tonic"]),
    },
    Row { module: "health", modules: &["mesh", "observe", "trust"], packages: Only(&["time"]) },
    Row {
        module: "lifecycle",
        modules: &[
            "charts",
            "clusters",
            "desired",
            "diagnostics",
            "manifests",
            "mesh",
            "observe",
            "provider_data",
            "rollout",
            "trust",
        ],
        packages: Except(&["kube", "tonic"]),
    },
    Row {
        module: "blocks",
        modules: &["clusters", "diagnostics", "health", "lifecycle", "mesh"],
        packages: Except(&["kube", "tonic"]),
    },
    Row { module: "resources", modules: USED_BY_VERBS, packages: Except(&["kube", "tonic"]) },
    Row { module: "data_sources", modules: USED_BY_VERBS, packages: Except(&["kube", "tonic"]) },
    Row { module: "functions", modules: &["diagnostics", "documents"], packages: Only(&["tfplugin"]) },
    Row {
        module: "provider",
        modules: &[
            "charts",
            "clusters",
            "data_sources",
            "diagnostics",
            "functions",
            "lifecycle",
            "mesh",
            "provider_data",
            "resources",
            "rollout",
        ],
        packages: Except(&["kube", "tonic"]),
    },
];

const USED_BY_VERBS: &[&str] = &[
    "blocks",
    "charts",
    "clusters",
    "desired",
    "diagnostics",
    "documents",
    "health",
    "lifecycle",
    "manifests",
    "mesh",
    "mesh_config",
    "observe",
    "provider_data",
    "render",
    "rollout",
    "trust",
];

/// Modules whose submodules do not know each other.
pub const SIBLINGS: [&str; 3] = ["resources", "data_sources", "functions"];

/// What a row imports that has no row before it: a cycle of modules would need one.
pub fn upward_imports(table: &[Row]) -> Vec<String> {
    let mut above = BTreeSet::new();
    let mut upward = Vec::new();
    for row in table {
        let missing = row.modules.iter().filter(|module| !above.contains(*module));
        upward.extend(missing.map(|module| format!("`{}` imports `{module}`", row.module)));
        above.insert(row.module);
    }
    upward
}

/// The table as ARCHITECTURE.md prints it.
pub fn markdown() -> String {
    let mut text = "| module | modules of ours | packages |\n|---|---|---|\n".to_owned();
    for Row { module, modules, packages } in TABLE {
        let packages = match packages {
            Only([]) => "only the standard library".to_owned(),
            Only(only) => format!("only {}", list(only)),
            Except(except) => format!("all but {}", list(except)),
        };
        let _ = writeln!(text, "| `{module}` | {} | {packages} |", list(modules));
    }
    text
}

fn list(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

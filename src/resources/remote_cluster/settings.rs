//! Istio's mesh configuration in the values of a cluster that injects its own proxies, read as istiod there reads it.

use tfplugin::{Diagnostic, Diagnostics};

use super::place::MEMBER;
use crate::diagnostics;
use crate::mesh::{Injector, Setting, SettingKind, ValidatedRemote};
use crate::mesh_config::{self, Document, Finding};

/// Why a single wrong value is a matter for all proxies.
const CONSEQUENCE: &str = "For one value that it does not accept, istiod drops the whole document, and injects proxies with its defaults.";

/// Refuses what istiod would not accept; what it would silently ignore is among the warnings.
///
/// # Errors
/// Everything that it would not accept.
pub fn check(remote: &ValidatedRemote) -> Result<Diagnostics, Diagnostics> {
    if remote.injector() == Injector::Primary {
        return Ok(Diagnostics::new());
    }
    let member = remote.member();
    let (name, (_, minor)) = (member.name().as_str(), member.version().minor());
    let settings = remote.identity().settings(member).into_iter();
    let said: Diagnostics = settings
        .flat_map(|setting| {
            let document = match setting.kind {
                SettingKind::MeshConfig => Document::MeshConfig,
                SettingKind::MeshNetworks => Document::MeshNetworks,
            };
            let findings = mesh_config::read(document, minor, &setting.value).findings.into_iter();
            findings.map(move |finding| said(name, &setting, &finding)).collect::<Vec<_>>()
        })
        .collect();
    if said.has_errors() { Err(said) } else { Ok(said) }
}

fn said(name: &str, setting: &Setting, finding: &Finding) -> Diagnostic {
    let path = diagnostics::field_path(&setting.field, &MEMBER);
    let place = [setting.place.clone(), finding.path.to_string()];
    let place: Vec<String> = place.into_iter().filter(|part| !part.is_empty()).collect();
    let summary = format!("Cluster {name:?}: {} {}", place.join(".").replace(".[", "["), finding.problem);
    let way_out = finding.problem.way_out();
    if finding.problem.is_warning() {
        Diagnostic::warning(summary, way_out).at(path)
    } else {
        Diagnostic::error(summary, format!("{way_out} {CONSEQUENCE}")).at(path)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::mesh::{DeclaredMember, JoinedMesh, JoinedPrimary, RemoteCluster};

    fn remote(injector: &str, mesh_config: &Value) -> ValidatedRemote {
        let primary = JoinedPrimary {
            version: "1.31.0".to_owned(),
            network: "flat".to_owned(),
            serves: true,
            addresses: ["192.0.2.1".to_owned()].into(),
            ..JoinedPrimary::default()
        };
        let mesh = JoinedMesh {
            mesh_id: "shop".to_owned(),
            trust_domain: "shop.example".to_owned(),
            namespace: "istio-system".to_owned(),
            repository: "charts".to_owned(),
            authority_mode: Some("existing".to_owned()),
            primaries: [("east".to_owned(), primary)].into(),
            ..JoinedMesh::default()
        };
        let chart = [("istiod".to_owned(), json!({"meshConfig": mesh_config}))].into();
        let member = DeclaredMember { network: "flat".to_owned(), chart, ..DeclaredMember::default() };
        let name = "edge".to_owned();
        let injector = Some(injector.to_owned());
        RemoteCluster { name, mesh, injector, member, ..RemoteCluster::default() }.validate().unwrap()
    }

    #[test]
    fn what_istiod_would_drop_is_refused_where_an_istiod_reads_it() {
        let wrong = json!({"defaultConfig": {"concurrency": "two"}});
        let refused = check(&remote("local", &wrong)).unwrap_err();
        let said: Vec<&Diagnostic> = refused.iter().collect();
        let [error] = said.as_slice() else { panic!("{said:?}") };
        assert!(
            error.summary.starts_with("Cluster \"edge\": meshConfig.defaultConfig.concurrency "),
            "{error:?}"
        );
        assert!(error.detail.contains("injects proxies with its defaults"), "{error:?}");
        assert_eq!(error.path.as_ref().unwrap().to_string(), "chart[\"istiod\"].values");
        assert!(check(&remote("primary", &wrong)).unwrap().is_empty());
        assert!(check(&remote("local", &json!({"accessLogFile": "/dev/stdout"}))).unwrap().is_empty());
    }
}

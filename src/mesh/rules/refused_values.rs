//! Values of charts that make of a cluster something that the mesh does not know.

use super::super::chart::ChartName;
use super::super::derived::DerivedValue;
use super::super::well_known::ROOTS_CONFIG_MAP;
use super::values::{OtherRole, Refused, RefusedValue};

/// Values that make of a primary something that the mesh does not know.
#[rustfmt::skip]
pub(in crate::mesh) const OF_NO_PRIMARY: &[RefusedValue] = &[
    (ChartName::Istiod, &["profile"], Refused::Text("remote"), OtherRole::NoControlPlane),
    (ChartName::Istiod, &["global", "profile"], Refused::Text("remote"), OtherRole::NoControlPlane),
    (ChartName::Istiod, &["istiodRemote", "enabled"], Refused::True, OtherRole::NoControlPlane),
    (ChartName::Istiod, &["global", "configCluster"], Refused::True, OtherRole::NoControlPlane),
    (ChartName::Istiod, &["global", "remotePilotAddress"], Refused::OtherThan(&[""]), OtherRole::NoControlPlane),
    (ChartName::Istiod, &["revision"], Refused::OtherThan(&[""]), OtherRole::Revision),
    (ChartName::Istiod, &["revisionTags"], Refused::Items, OtherRole::Revision),
    (ChartName::Base, &["defaultRevision"], Refused::OtherThan(&["", "default"]), OtherRole::Revision),
    (ChartName::Gateway, &["revision"], Refused::OtherThan(&["", "default"]), OtherRole::Revision),
    (ChartName::Cni, &["revision"], Refused::OtherThan(&["", "default"]), OtherRole::Revision),
    (ChartName::Istiod, &["global", "operatorManageWebhooks"], Refused::True, OtherRole::NoInjection),
    (ChartName::Istiod, &["global", "omitSidecarInjectorConfigMap"], Refused::True, OtherRole::NoInjection),
    (ChartName::Base, &["global", "enableReaderRBAC"], Refused::False, OtherRole::Unreadable),
    (ChartName::Istiod, &["global", "enableReaderRBAC"], Refused::False, OtherRole::Unreadable),
    (ChartName::Base, &["global", "readerServiceAccount", "name"], Refused::OtherThan(&[""]), OtherRole::Unreadable),
    (ChartName::Istiod, &["global", "readerServiceAccount", "name"], Refused::OtherThan(&[""]), OtherRole::Unreadable),
    (ChartName::Gateway, &["kind"], Refused::OtherThan(&["", "Deployment"]), OtherRole::NoGateway),
    (ChartName::Gateway, &["serviceAccount", "create"], Refused::False, OtherRole::NoGateway),
    (ChartName::Gateway, &["service", "type"], Refused::Text("None"), OtherRole::NoGateway),
    (ChartName::Gateway, &["service", "selectorLabels"], Refused::Members, OtherRole::NoGateway),
    (ChartName::Istiod, &["istiodRemote", "injectionURL"], Refused::OtherThan(&[""]), OtherRole::NoInjection),
    (ChartName::Istiod, &["istiodRemote", "injectionPath"], Refused::OtherThan(&[""]), OtherRole::NoInjection),
    (ChartName::Istiod, &["env", "INJECTION_WEBHOOK_CONFIG_NAME"], Refused::OtherThan(&[""]), OtherRole::NoInjection),
    (ChartName::Istiod, &["env", "REVISION"], Refused::OtherThan(&["", "default"]), OtherRole::Revision),
    (ChartName::Istiod, &["global", "caAddress"], Refused::OtherThan(&[""]), OtherRole::OtherAuthority),
    (ChartName::Istiod, &["global", "caName"], Refused::OtherThan(&[""]), OtherRole::OtherAuthority),
    (ChartName::Istiod, &["global", "pilotCertProvider"], Refused::OtherThan(&["istiod"]), OtherRole::OtherAuthority),
    (ChartName::Istiod, &["env", "ENABLE_CA_SERVER"], Refused::Off, OtherRole::OtherAuthority),
    (ChartName::Istiod, &["env", "EXTERNAL_CA"], Refused::OtherThan(&[""]), OtherRole::OtherAuthority),
    (ChartName::Istiod, &["env", "PILOT_CERT_PROVIDER"], Refused::OtherThan(&["istiod"]), OtherRole::OtherAuthority),
    (ChartName::Istiod, &["meshConfig", "ca"], Refused::Members, OtherRole::OtherAuthority),
    (ChartName::Istiod, &["meshConfig", "defaultConfig", "proxyMetadata", "CA_ADDR"], Refused::OtherThan(&[""]), OtherRole::OtherAuthority),
    (ChartName::Istiod, &["global", "trustBundleName"], Refused::OtherThan(&["", ROOTS_CONFIG_MAP]), OtherRole::OtherRoots),
    (ChartName::Istiod, &["env", "PILOT_CA_CERT_CONFIGMAP"], Refused::OtherThan(&["", ROOTS_CONFIG_MAP]), OtherRole::OtherRoots),
    (ChartName::Istiod, &["configMap"], Refused::False, OtherRole::NoConfiguration),
    (ChartName::Istiod, &["global", "resourceScope"], Refused::OtherThan(&["all"]), OtherRole::NoConfiguration),
    (ChartName::Base, &["global", "resourceScope"], Refused::OtherThan(&["all"]), OtherRole::NoConfiguration),
    (ChartName::Istiod, &["extraContainerArgs"], Refused::Arguments(OWN_ARGUMENTS), OtherRole::NoConfiguration),
    (ChartName::Istiod, &["env", "ENABLE_DEBUG_ON_HTTP"], Refused::Off, OtherRole::Unobservable),
];

/// Values that make of a remote cluster something that the mesh does not know.
#[rustfmt::skip]
pub(in crate::mesh) const OF_NO_REMOTE: &[RefusedValue] = &[
    (ChartName::Istiod, &["istiodRemote", "enabled"], Refused::False, OtherRole::OwnControlPlane),
    (ChartName::Istiod, &["istiodRemote", "enabledLocalInjectorIstiod"], Refused::True, OtherRole::OwnControlPlane),
    (ChartName::Istiod, &["global", "configCluster"], Refused::True, OtherRole::ConfigCluster),
    (ChartName::Base, &["global", "configCluster"], Refused::True, OtherRole::ConfigCluster),
    (ChartName::Istiod, &["configMap"], Refused::True, OtherRole::OwnControlPlane),
    (ChartName::Istiod, &["revision"], Refused::OtherThan(&[""]), OtherRole::Revision),
    (ChartName::Istiod, &["revisionTags"], Refused::Items, OtherRole::Revision),
    (ChartName::Base, &["defaultRevision"], Refused::OtherThan(&["", "default"]), OtherRole::Revision),
    (ChartName::Gateway, &["revision"], Refused::OtherThan(&["", "default"]), OtherRole::Revision),
    (ChartName::Cni, &["revision"], Refused::OtherThan(&["", "default"]), OtherRole::Revision),
    (ChartName::Istiod, &["global", "operatorManageWebhooks"], Refused::True, OtherRole::NoInjection),
    (ChartName::Gateway, &["kind"], Refused::OtherThan(&["", "Deployment"]), OtherRole::NoGateway),
    (ChartName::Gateway, &["serviceAccount", "create"], Refused::False, OtherRole::NoGateway),
    (ChartName::Gateway, &["service", "type"], Refused::Text("None"), OtherRole::NoGateway),
    (ChartName::Gateway, &["service", "selectorLabels"], Refused::Members, OtherRole::NoGateway),
    (ChartName::Istiod, &["global", "resourceScope"], Refused::OtherThan(&["all"]), OtherRole::NoInjection),
    (ChartName::Base, &["global", "resourceScope"], Refused::OtherThan(&["all"]), OtherRole::NoInjection),
];

/// Values that make of a remote cluster which injects its own proxies something that the mesh does not know: it is a remote one, and has an
/// istiod. What the mesh derives for it is compared with that.
pub(in crate::mesh) fn of_no_local_injector(derived: &[DerivedValue]) -> Vec<RefusedValue> {
    let of_istiod = OF_NO_PRIMARY.iter().filter(|(.., why)| *why != OtherRole::NoControlPlane);
    let all = of_istiod.chain(OF_NO_REMOTE);
    let is_derived = |chart, path: &[&str]| {
        derived.iter().any(|it| it.release.chart() == chart && it.path.as_slice() == path)
    };
    let mut refused: Vec<RefusedValue> = Vec::new();
    for row in all.filter(|(chart, path, ..)| !is_derived(*chart, path)) {
        if !refused.iter().any(|(chart, path, ..)| (chart, path) == (&row.0, &row.1)) {
            refused.push(*row);
        }
    }
    refused
}

/// Arguments of istiod that the chart, or the mesh, has set.
const OWN_ARGUMENTS: &[&str] = &[
    "--clusterID",
    "--clusterRegistriesNamespace",
    "--domain",
    "--httpAddr",
    "--meshConfig",
    "--networksConfig",
    "--registries",
];

use secrecy::ExposeSecret as _;
use time::Duration;

use super::AuthorityState::{Missing, NotInUse, Ready, RenewalDue, Unusable};
use super::*;
use crate::health::State as _;
use crate::mesh::AuthorityMode::{Existing, Generated, Given, SelfSigned};
use crate::mesh::KeyType;
use crate::observe::RunningMeshConfig;
use crate::trust::{IntermediateRequest, Root, RootRequest};

const KEY_TYPE: KeyType = KeyType::EcdsaP256;

/// When the certificates are made, 2000-01-01T00:00:00Z.
fn made() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(946_684_800).unwrap()
}

/// A root of ten years.
fn root() -> Root {
    let lifetime = Duration::days(3650);
    let (organization, common_name) = ("Shop", "Root");
    let request = RootRequest { organization, common_name, key_type: KEY_TYPE, now: made(), lifetime };
    Root::generate(&request).unwrap()
}

/// A control plane that finds an intermediate of `signed_by`, valid for that many days, and tells proxies to trust `trusted`.
fn seen_for(days: i64, signed_by: Option<&Root>, trusted: Option<&Root>) -> ControlPlane {
    let lifetime = Duration::days(days);
    let (cluster, namespace) = ("east", "istio-system");
    let request = IntermediateRequest { cluster, namespace, key_type: KEY_TYPE, now: made(), lifetime };
    let files = signed_by.map(|root| {
        let files = root.issue(&request).unwrap().files().into_iter();
        let files = files.filter(|(name, _)| !name.contains("key"));
        files.map(|(name, text)| (name.to_owned(), text.expose_secret().as_bytes().to_vec())).collect()
    });
    let roots = trusted.map(|root| root.certificate().pem());
    ControlPlane {
        is_installed: true,
        replicas: Ok(Vec::new()),
        roots,
        authority: files,
        gateway: None,
        mesh_config: RunningMeshConfig::default(),
    }
}

fn seen(signed_by: Option<&Root>, trusted: Option<&Root>) -> ControlPlane {
    seen_for(730, signed_by, trusted)
}

#[test]
fn the_state_says_whether_istiod_signs_with_what_it_should() {
    let (root, other) = (root(), root());
    let cases = [
        (seen(Some(&root), Some(&root)), Generated, 0, Ready),
        (seen(Some(&root), None), Generated, 0, Ready),
        (seen(Some(&root), Some(&root)), Generated, 700, RenewalDue),
        (seen(Some(&root), Some(&root)), Given, 700, Ready),
        (seen(Some(&root), Some(&other)), Generated, 0, NotInUse),
        (seen(Some(&root), Some(&other)), SelfSigned, 0, NotInUse),
        (seen(None, Some(&other)), Generated, 0, Missing),
        (seen(None, Some(&other)), Existing, 0, Missing),
        (seen(None, Some(&other)), SelfSigned, 0, Ready),
    ];
    for (control_plane, mode, days, expected) in cases {
        let state = AuthorityState::of(&control_plane, mode, made() + Duration::days(days));
        assert_eq!(state, expected, "{mode:?}, {days}");
    }
    let broken = [("ca-cert.pem".to_owned(), b"nothing".to_vec())].into();
    let broken = ControlPlane { authority: Some(broken), ..seen(None, Some(&root)) };
    assert_eq!(AuthorityState::of(&broken, Generated, made()), Unusable);
}

#[test]
fn what_an_apply_cannot_leave_as_it_is_is_a_problem() {
    for state in AuthorityState::ALL {
        let class = state.fault().map(|fault| fault.class);
        let is_problem = class.is_some_and(|class| class != Class::Implied);
        assert_eq!(is_problem, [Missing, Unusable, NotInUse].contains(state), "{state}");
    }
}

/// `east` has an intermediate of this many days.
fn clusters(days: i64) -> BTreeMap<ClusterName, ControlPlane> {
    let root = root();
    let of = |label: &str, seen| (label.parse().unwrap(), seen);
    [of("east", seen_for(days, Some(&root), Some(&root))), of("west", seen_for(days, None, Some(&root)))]
        .into()
}

fn causes(days: i64) -> Vec<String> {
    let expiring = Expiring::among(&clusters(730), made() + Duration::days(days));
    expiring.iter().map(Expiring::cause).collect()
}

#[test]
fn every_authority_is_announced_once_when_its_end_is_near() {
    let root = "The root \"O=Shop, CN=Root\" of the mesh expires at 2009-12-29T00:00:00Z";
    let intermediate = "Cluster \"east\": its CA certificate expires at 2001-12-31T00:00:00Z";
    assert_eq!(causes(600), Vec::<String>::new());
    assert_eq!(causes(700), [intermediate]);
    assert_eq!(causes(3600), [root, intermediate]);
}

#[test]
fn the_remedy_is_that_of_who_makes_the_authority() {
    for (days, mode, of_root, of_intermediate) in [
        (730, Generated, "Plan its replacement", "The next apply renews it"),
        (3650, Generated, "Plan its replacement", "It expires with its root"),
        (730, Given, "Plan its replacement", "in the given block"),
        (730, Existing, "The tool that writes the Secrets", "The tool that writes the Secret"),
    ] {
        let expiring = Expiring::among(&clusters(days), made() + Duration::days(3600));
        let remedies: Vec<String> = expiring.iter().map(|it| it.remedy(mode)).collect();
        let [root, intermediate] = remedies.as_slice() else { panic!("{remedies:?}") };
        assert!(root.contains(of_root) && intermediate.contains(of_intermediate), "{mode:?}: {remedies:?}");
    }
}

#[test]
fn no_remedy_deletes_what_istiod_signs_with() {
    for mode in [Generated, Given, Existing, SelfSigned] {
        let expiring = Expiring::among(&clusters(730), made() + Duration::days(3600));
        assert!(expiring.iter().all(|it| !it.remedy(mode).contains("Delete")), "{mode:?}");
    }
}

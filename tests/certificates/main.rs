//! Chains and keys of every kind, judged by the real programs and by the provider: istiod's own packages, Go's verifier, and Envoy, each
//! of which must accept what istiod signs, or the mesh does not work. OpenSSL's judgement is shown, too; it decides nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod envoy;
mod istiod;
#[allow(dead_code)]
#[path = "../../src/trust/tests/openssl.rs"]
mod openssl;
mod pki;
mod variants;

use std::collections::BTreeSet;
use std::error::Error as _;

use envoy::{Envoy, Workload};
use istio_provider::trust::{Intermediate, Names};
use istiod::Istiod;
use pki::Pki;
use time::OffsetDateTime;
use variants::Variant;

const NAMESPACE: &str = "istio-system";

/// Where the provider differs, with the reason and the proof. One that is no longer true fails the test.
const DIFFERENCES: [(&str, &str); 3] = [
    (
        "keys/p224-authority",
        "istiod, Go and Envoy accept it; no maintained crate for P-224 has a stable release, so the provider cannot check its \
         signatures and says so",
    ),
    (
        "paths/a-root-that-go-does-not-read-too",
        "istiod starts, and Go passes over that root without a word, so that agents do not trust what proxies trust; a bundle is \
         refused as a whole, because the root is in it to be trusted",
    ),
    (
        "paths/stray",
        "nobody needs the certificate, and everybody accepts the others; every proxy would send it in each handshake, and it is \
         most likely the wrong file",
    ),
];

/// What one variant came to.
struct Verdict {
    path: &'static str,
    real: Result<(), String>,
    openssl: Result<(), String>,
    ours: Result<(), String>,
}

#[test]
fn the_provider_accepts_what_istiod_agents_and_envoy_accept_and_nothing_else() {
    let verdicts = verdicts(&variants::all());
    let refused = verdicts.iter().filter(|verdict| verdict.real.is_err()).count();
    let all: Vec<String> = verdicts.iter().map(Verdict::line).collect();
    eprintln!("{}\n{} variants, {refused} refused by the real programs", all.join("\n"), verdicts.len());
    assert!(verdicts.len() >= 60 && 2 * refused >= verdicts.len(), "{refused} of {}", verdicts.len());
    let paths: BTreeSet<&str> = verdicts.iter().map(|verdict| verdict.path).collect();
    assert_eq!(paths.len(), verdicts.len(), "each path is one variant's");

    let differ = verdicts.iter().filter(|verdict| verdict.real.is_ok() != verdict.ours.is_ok());
    let found: BTreeSet<&str> = differ.map(|verdict| verdict.path).collect();
    let known: BTreeSet<&str> = DIFFERENCES.iter().map(|(path, _)| *path).collect();
    let lines = |paths: BTreeSet<&str>| -> Vec<String> {
        verdicts.iter().filter(|verdict| paths.contains(verdict.path)).map(Verdict::line).collect()
    };
    let unknown: BTreeSet<&str> = found.difference(&known).copied().collect();
    assert!(unknown.is_empty(), "differences without a reason:\n{}", lines(unknown).join("\n"));
    let stale: BTreeSet<&str> = known.difference(&found).copied().collect();
    assert!(stale.is_empty(), "no longer differences: {stale:?}");
    assert!(known.len() <= 5);
}

fn verdicts(variants: &[Variant]) -> Vec<Verdict> {
    let mut istiod = Istiod::start();
    let answers: Vec<_> = variants
        .iter()
        .map(|variant| istiod.judge(&variant.files, variant.trust_domain, NAMESPACE))
        .collect();
    let workload = |(variant, answer): (&Variant, &istiod::Answer)| Workload {
        chain: answer.chain.clone(),
        key: answer.key.clone(),
        roots: roots(variant),
        uri: format!("spiffe://{}/ns/x/sa/y", variant.trust_domain),
    };
    let pairs = || variants.iter().zip(&answers);
    let workloads: Vec<Workload> =
        pairs().filter(|(_, answer)| answer.istiod.is_empty()).map(workload).collect();
    let envoy = Envoy::start(&workloads);
    let mut number = 0;
    let verdicts = pairs().map(|(variant, answer)| {
        let real = if answer.istiod.is_empty() {
            let verdict = envoy.judge(number).map_err(|error| format!("Envoy: {error}"));
            number += 1;
            if answer.agents.is_empty() { verdict } else { Err(format!("Go: {}", answer.agents)) }
        } else {
            Err(format!("istiod: {}", answer.istiod))
        };
        let openssl = if answer.chain.is_empty() {
            Err("nothing to judge".to_owned())
        } else {
            Pki::verify(&variant.files, &answer.chain)
        };
        Verdict { path: variant.path, real, openssl, ours: ours(variant) }
    });
    verdicts.collect()
}

fn roots(variant: &Variant) -> String {
    let roots = variant.files.get("root-cert.pem").or_else(|| variant.files.get("ca.crt"));
    String::from_utf8(roots.unwrap().clone()).unwrap()
}

/// As a mesh with `certificate_authority.mode = "existing"` is checked.
fn ours(variant: &Variant) -> Result<(), String> {
    let now = OffsetDateTime::now_utc();
    let names = Names { trust_domain: variant.trust_domain, namespace: NAMESPACE, hosts: &[] };
    let verdict =
        Intermediate::parse(&variant.files, now).and_then(|authority| authority.check_names(&names, now));
    verdict.map_err(|error| match error.source() {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    })
}

impl Verdict {
    fn line(&self) -> String {
        let shown = |verdict: &Result<(), String>| match verdict {
            Ok(()) => "yes".to_owned(),
            Err(reason) => format!("no ({})", reason.split_whitespace().collect::<Vec<_>>().join(" ")),
        };
        let openssl = if self.openssl.is_ok() { "yes" } else { "no" };
        format!(
            "{}\n    real: {}\n    openssl: {openssl}\n    ours: {}",
            self.path,
            shown(&self.real),
            shown(&self.ours)
        )
    }
}

//! Clusters compared.

use super::*;

fn bundles(clusters: &[(&str, &[&Authority])]) -> BTreeMap<String, Vec<Certificate>> {
    let bundle = |roots: &[&Authority]| roots.iter().map(|root| root.certificate.clone()).collect();
    clusters.iter().map(|(cluster, roots)| ((*cluster).to_owned(), bundle(roots))).collect()
}

#[test]
fn the_common_roots_are_those_of_every_cluster_in_the_order_of_the_first() {
    let (a, b, c) = (Authority::root("a"), Authority::root("b"), Authority::root("c"));
    let all = bundles(&[("east", &[&c, &a, &b]), ("west", &[&b, &c])]);
    assert_eq!(common_roots(&all).unwrap(), [c.certificate, b.certificate]);
}

#[test]
fn clusters_without_a_common_root_are_listed_with_their_fingerprints() {
    let (a, b, c) = (Authority::root("a"), Authority::root("b"), Authority::root("c"));
    let error = common_roots(&bundles(&[("east", &[&a]), ("north", &[]), ("west", &[&b, &c])])).unwrap_err();
    let print = |authority: &Authority| authority.certificate.fingerprint();
    assert_eq!(
        error.to_string(),
        format!(
            "the clusters have no root in common: \"east\" has {}; \"north\" has none; \"west\" has {} and {}",
            print(&a),
            print(&b),
            print(&c)
        )
    );
}

#[test]
fn a_common_root_that_nobody_signs_with_is_not_mutual_trust() {
    let (a, b, c) = (Authority::root("a"), Authority::root("b"), Authority::root("c"));
    let authority = |root: &Authority, roots: &[&Authority]| {
        let ca = root.below("ca");
        Intermediate::parse(&ca.data(&[&ca], roots), now()).unwrap()
    };
    let (east, west) = (authority(&a, &[&a, &b]), authority(&c, &[&b, &c]));
    let roots = [("east", &east), ("west", &west)]
        .map(|(cluster, authority)| (cluster.to_owned(), authority.roots().to_vec()))
        .into();
    assert_eq!(common_roots(&roots).unwrap(), std::slice::from_ref(&b.certificate));
    let error =
        mutual_trust(&[("east".to_owned(), east.clone()), ("west".to_owned(), west)].into()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the CA of cluster \"east\" leads to root {}, which cluster \"west\" does not trust; it has {}, {}",
            a.certificate.fingerprint(),
            b.certificate.fingerprint(),
            c.certificate.fingerprint()
        )
    );
    let west = authority(&b, &[&b, &a]);
    mutual_trust(&[("east".to_owned(), east), ("west".to_owned(), west)].into()).unwrap();
}

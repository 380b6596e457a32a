//! Every rule is shown to fail where it must, and to be quiet where it may.

use serde_json::json;

use super::packages::Packages;
use super::{rules, shape};

fn dependencies() -> Vec<String> {
    ["kube", "serde", "serde_json", "tokio", "tfplugin", "ssa", "tonic"].map(str::to_owned).to_vec()
}

/// What is wrong with this text in that file: `line: rule`.
fn imports(file: &str, text: &str) -> Vec<String> {
    let violations = rules::violations(file, text, &dependencies());
    violations.iter().map(|violation| format!("{}: {}", violation.line, violation.rule)).collect()
}

const NONE: [&str; 0] = [];

#[test]
fn a_violation_names_file_line_and_rule() {
    let violations = rules::violations("src/mesh/names.rs", "\n\nuse kube::Api;\n", &dependencies());
    assert_eq!(violations[0].to_string(), "src/mesh/names.rs:3: `mesh` must not import `kube`");
}

#[test]
fn a_pure_module_may_import_only_listed_packages() {
    let text = "use serde::Serialize;\nuse std::collections::BTreeMap;\nuse tokio::time::sleep;\n";
    assert_eq!(imports("src/mesh/mod.rs", text), ["3: `mesh` must not import `tokio`"]);
}

#[test]
fn a_pure_module_reaches_nothing_outside() {
    let text = "use std::{fmt, fs};\nfn f() { let now = std::time::Instant::now(); }\n";
    assert_eq!(
        imports("src/render/mod.rs", text),
        ["1: `render` must not import `std::fs`", "2: `render` must not import `std::time`"]
    );
}

#[test]
fn modules_import_only_those_of_their_row() {
    assert_eq!(imports("src/render/mod.rs", "use crate::mesh::Mesh;\n"), NONE);
    assert_eq!(
        imports("src/mesh/mod.rs", "use crate::{clusters::Cluster, mesh::Mesh};\n"),
        ["1: `mesh` must not import `clusters`"]
    );
    assert_eq!(
        imports("src/clusters/kubeconfig.rs", "fn f() -> crate::render::ManifestSet { todo!() }\n"),
        ["1: `clusters` must not import `render`"]
    );
}

#[test]
fn the_way_through_super_is_no_way_around() {
    assert_eq!(imports("src/mesh/names.rs", "use super::violation::Step;\n"), NONE);
    assert_eq!(
        imports("src/mesh/names.rs", "use super::super::render::render;\n"),
        ["1: `mesh` must not import `render`"]
    );
}

#[test]
fn macros_and_nested_groups_are_looked_into() {
    let text = "fn f() { println!(\"{}\", kube::VERSION) }\nuse {serde_json::{json, Value}, ssa::{self}};\n";
    assert_eq!(
        imports("src/mesh/mod.rs", text),
        ["1: `mesh` must not import `kube`", "2: `mesh` must not import `ssa`"]
    );
}

#[test]
fn comments_strings_and_tests_may_name_anything() {
    let text = "//! See kube::Api.\nconst A: &str = \"kube::Api\";\n#[cfg(test)]\nmod tests {\n    use kube::Api;\n}\n";
    assert_eq!(imports("src/mesh/mod.rs", text), NONE);
    assert_eq!(imports("src/mesh/tests.rs", "use kube::Api;\n"), NONE);
    assert_eq!(
        imports("src/mesh/mod.rs", &format!("{text}use kube::Client;\n")),
        ["7: `mesh` must not import `kube`"]
    );
}

#[test]
fn a_resource_does_not_know_its_siblings() {
    assert_eq!(imports("src/resources/mesh/create.rs", "use crate::resources::mesh::Model;\n"), NONE);
    assert_eq!(
        imports("src/resources/mesh/create.rs", "use crate::resources::remote_cluster::Model;\n"),
        ["1: `resources::mesh` must not import its sibling `resources::remote_cluster::Model`"]
    );
    assert_eq!(
        imports("src/resources/mesh/mod.rs", "use super::federation::Model;\n"),
        ["1: `resources::mesh` must not import its sibling `resources::federation::Model`"]
    );
    assert_eq!(
        imports("src/resources/mod.rs", "use self::mesh::Mesh; use crate::resources::federation::Model;\n"),
        NONE
    );
}

#[test]
fn a_module_without_a_row_is_a_violation() {
    let violations = imports("src/gateways/mod.rs", "");
    assert!(
        violations[0].starts_with("1: module `gateways` has no row in the import table"),
        "{violations:?}"
    );
}

#[test]
fn the_crates_own_files_may_import_everything() {
    assert_eq!(imports("src/main.rs", "use kube::Api;\nuse crate::mesh::Mesh;\n"), NONE);
}

#[test]
fn a_long_file_is_a_violation_and_its_tests_are_not_counted() {
    let long = "fn f() {}\n".repeat(401);
    assert_eq!(
        shape::violations("src/mesh/a.rs", &long)[0].to_string(),
        "src/mesh/a.rs:401: 401 lines without tests are more than 400: split the file by concept"
    );
    let tested = format!("{}#[cfg(test)]\nmod tests {{\n{long}}}\n", "fn f() {}\n".repeat(400));
    assert_eq!(shape::violations("src/mesh/a.rs", &tested), []);
    assert_eq!(shape::violations("src/mesh/a/tests.rs", &long), []);
}

#[test]
fn a_name_that_says_nothing_is_a_violation() {
    for file in ["src/utils.rs", "src/mesh/helpers/a.rs", "crates/x/src/common.rs", "src/chart_manager.rs"] {
        assert_eq!(shape::violations(file, "").len(), 1, "{file}");
    }
    assert_eq!(shape::violations("src/mesh/commons.rs", ""), []);
}

#[test]
fn a_crate_that_names_the_product_is_a_violation() {
    let violations = shape::product_words("crates/ssa/src/lib.rs", "fn f() {}\n// As Istio does.\n");
    assert_eq!(violations[0].to_string(), "crates/ssa/src/lib.rs:2: a general crate must not know Istio");
    assert_eq!(shape::product_words("crates/ssa/tests/charts.rs", "istio"), []);
}

#[test]
fn a_crate_that_depends_on_another_is_a_violation() {
    let package = |name: &str, dependencies: &[&str]| {
        let dependencies: Vec<_> =
            dependencies.iter().map(|name| json!({"name": name, "kind": null})).collect();
        json!({"name": name, "manifest_path": format!("/x/crates/{name}/Cargo.toml"), "dependencies": dependencies})
    };
    let packages = Packages(vec![
        package("ssa", &["tfplugin", "kube"]),
        package("tfplugin", &["tfplugin-derive"]),
        package("tfplugin-derive", &[]),
    ]);
    let violations: Vec<String> = packages.violations().iter().map(ToString::to_string).collect();
    assert_eq!(violations, ["crates/ssa/Cargo.toml:1: crate `ssa` must not depend on `tfplugin`"]);
}

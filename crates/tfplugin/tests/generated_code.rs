//! The checked-in protobuf code is what `proto/` says.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

fn crate_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Generates `<package>.rs` for both proto files into `out`.
fn generate(out: &Path) {
    let proto = crate_dir().join("../../proto");
    let files = [proto.join("tfplugin5.proto"), proto.join("plugin.proto")];
    let descriptors = protox::compile(files, [&proto]).unwrap();
    tonic_prost_build::configure().btree_map(".").out_dir(out).compile_fds(descriptors).unwrap();
}

#[test]
fn the_generated_code_is_what_the_proto_files_say() {
    let out = tempfile::tempdir().unwrap();
    generate(out.path());
    for file in ["tfplugin5.rs", "plugin.rs"] {
        let fresh = std::fs::read_to_string(out.path().join(file)).unwrap();
        let kept = crate_dir().join("src/generated").join(file);
        if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| value == "1") {
            std::fs::write(&kept, &fresh).unwrap();
        }
        let kept = std::fs::read_to_string(&kept).unwrap_or_default();
        assert!(kept == fresh, "src/generated/{file} is out of date: run this test with UPDATE_GOLDEN=1");
    }
}

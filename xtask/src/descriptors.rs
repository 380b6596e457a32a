//! Istio's own description of its mesh configuration, as data of the provider: one file per minor release in
//! `src/mesh_config/descriptors`.
//!
//! The `.proto` files of the Go module `istio.io/api` are compiled and reduced to what the configuration of a mesh consists of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet, MessageOptions};
use serde::Deserialize;

use crate::command;
use crate::error::{Error, file_error};
use crate::workspace::Workspace;

const MODULE: &str = "istio.io/api";
/// Minor release of Istio, the module's version that describes it, and the digest of that as `go.sum` has it.
const RELEASES: [(&str, &str, &str); 3] = [
    ("1.29", "v1.29.4", "h1:6cVx5lLSjMwLehIjzlAhLeNgBiWaZnOht7iUen4MhLY="),
    ("1.30", "v1.30.8", "h1:/weRNO9YbJsKqFibiGCjXG1i+UwNhJb3vts6ChGR554="),
    ("1.31", "v1.31.4", "h1:AcnncYrlDj1PJkym7h88Gggkef4MAra8QpGaXRMsr+E="),
];
const FILES: [&str; 2] = ["mesh/v1alpha1/config.proto", "mesh/v1alpha1/network.proto"];
/// What the provider reads; everything that they consist of is kept.
const ROOTS: [&str; 2] = [".istio.mesh.v1alpha1.MeshConfig", ".istio.mesh.v1alpha1.MeshNetworks"];
const FOLDER: &str = "src/mesh_config/descriptors";

/// Writes the files.
pub fn write(workspace: &Workspace) -> Result<(), Error> {
    for (minor, bytes) in made()? {
        let path = file(workspace, minor);
        fs::write(&path, bytes).map_err(|source| Error::File { act: "write", path, source })?;
    }
    Ok(())
}

/// Compares the files with what the modules say.
pub fn check(workspace: &Workspace) -> Result<(), Error> {
    for (minor, bytes) in made()? {
        let path = file(workspace, minor);
        let kept = fs::read(&path);
        let kept = kept.map_err(|source| Error::File { act: "read", path: path.clone(), source })?;
        if kept != bytes {
            return Err(Error::Descriptors { path });
        }
    }
    Ok(())
}

fn file(workspace: &Workspace, minor: &str) -> PathBuf {
    workspace.root.join(FOLDER).join(format!("{minor}.binpb"))
}

/// Minor release → its descriptors.
fn made() -> Result<Vec<(&'static str, Vec<u8>)>, Error> {
    let folder = tempfile::tempdir().map_err(file_error("create", Path::new("a temporary directory")))?;
    let made = RELEASES.iter().map(|(minor, version, sum)| {
        let module = module(folder.path(), version, sum)?;
        let set =
            protox::compile(FILES, [module.clone(), module.join("common-protos")]).map_err(|source| {
                Error::Compile { module: format!("{MODULE}@{version}"), source: Box::new(source) }
            })?;
        Ok((*minor, reduced(set).encode_to_vec()))
    });
    made.collect()
}

/// The folder of the module, which Go downloads if it is not in its cache.
fn module(folder: &Path, version: &str, sum: &str) -> Result<PathBuf, Error> {
    #[derive(Deserialize)]
    struct Downloaded {
        #[serde(rename = "Dir")]
        directory: PathBuf,
        #[serde(rename = "Sum")]
        sum: String,
    }
    let mut go = Command::new("go");
    go.current_dir(folder).envs([("GOWORK", "off"), ("GOFLAGS", "-mod=mod")]);
    go.args(["mod", "download", "-json", &format!("{MODULE}@{version}")]);
    let text = command::output(&mut go)?;
    let downloaded: Downloaded = serde_json::from_slice(&text)
        .map_err(|source| Error::Output { command: command::line(&go), source })?;
    if downloaded.sum == sum {
        Ok(downloaded.directory)
    } else {
        Err(Error::Digest { module: format!("{MODULE}@{version}"), found: downloaded.sum })
    }
}

/// Only what [`ROOTS`] consist of, without comments and options.
fn reduced(set: FileDescriptorSet) -> FileDescriptorSet {
    let all: BTreeMap<String, DescriptorProto> = set.file.iter().flat_map(messages).collect();
    let mut used: BTreeSet<String> = BTreeSet::new();
    let mut open: Vec<String> = ROOTS.map(str::to_owned).to_vec();
    while let Some(name) = open.pop() {
        if !used.insert(name.clone()) {
            continue;
        }
        let fields = all.get(&name).into_iter().flat_map(|message| &message.field);
        open.extend(fields.filter_map(|field| field.type_name.clone()));
    }
    let mut files: Vec<FileDescriptorProto> =
        set.file.into_iter().map(|file| reduced_file(file, &used)).collect();
    let is_kept = |file: &FileDescriptorProto| !file.message_type.is_empty() || !file.enum_type.is_empty();
    let kept: BTreeSet<String> =
        files.iter().filter(|file| is_kept(file)).map(|file| file.name().to_owned()).collect();
    files.retain(is_kept);
    for file in &mut files {
        file.dependency.retain(|name| kept.contains(name));
    }
    FileDescriptorSet { file: files }
}

fn reduced_file(file: FileDescriptorProto, used: &BTreeSet<String>) -> FileDescriptorProto {
    let scope = format!(".{}", file.package());
    FileDescriptorProto {
        message_type: reduced_messages(file.message_type, &scope, used),
        enum_type: file
            .enum_type
            .into_iter()
            .filter(|it| used.contains(&format!("{scope}.{}", it.name())))
            .collect(),
        name: file.name,
        package: file.package,
        dependency: file.dependency,
        syntax: file.syntax,
        ..FileDescriptorProto::default()
    }
}

fn reduced_messages(
    messages: Vec<DescriptorProto>,
    scope: &str,
    used: &BTreeSet<String>,
) -> Vec<DescriptorProto> {
    let reduced = messages.into_iter().filter_map(|message| {
        let name = format!("{scope}.{}", message.name());
        let nested_type = reduced_messages(message.nested_type, &name, used);
        let is_used = |it: &prost_types::EnumDescriptorProto| used.contains(&format!("{name}.{}", it.name()));
        let mut enum_type = message.enum_type;
        enum_type.retain(is_used);
        let is_itself = used.contains(&name);
        // A message that only is around others stays as their scope.
        if !is_itself && nested_type.is_empty() && enum_type.is_empty() {
            return None;
        }
        let is_map = message.options.is_some_and(|options| options.map_entry());
        let options = is_map.then(|| MessageOptions { map_entry: Some(true), ..MessageOptions::default() });
        let fields = message.field.into_iter().filter(|_| is_itself).map(|mut field| {
            field.options = None;
            field
        });
        Some(DescriptorProto {
            name: message.name,
            field: fields.collect(),
            oneof_decl: if is_itself { message.oneof_decl } else { Vec::new() },
            nested_type,
            enum_type,
            options,
            ..DescriptorProto::default()
        })
    });
    reduced.collect()
}

/// Every message of a file by its full name.
fn messages(file: &FileDescriptorProto) -> Vec<(String, DescriptorProto)> {
    let mut open: Vec<(String, &DescriptorProto)> =
        file.message_type.iter().map(|message| (format!(".{}", file.package()), message)).collect();
    let mut found = Vec::new();
    while let Some((scope, message)) = open.pop() {
        let name = format!("{scope}.{}", message.name());
        open.extend(message.nested_type.iter().map(|nested| (name.clone(), nested)));
        found.push((name, message.clone()));
    }
    found
}

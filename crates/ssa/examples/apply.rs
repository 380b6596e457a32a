//! Makes a cluster equal a folder of manifests and prints what changes.
//!
//! `cargo run -p ssa --example apply -- --kubeconfig F --inventory NAME [--namespace NS] [--dry-run] DIR`
//!
//! `DIR` holds JSON files; each is one object, a `List`, or an array of objects. Objects that earlier runs with the same inventory made
//! and that are no longer there are deleted.
#![allow(clippy::print_stdout)]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::Value;
use ssa::{
    Action, Change, Claim, DeleteOptions, Engine, Expect, InventoryRef, Manifest, ObjectId, Options, Owner,
    Policy, Stage,
};
use tokio_util::sync::CancellationToken;

struct Arguments {
    kubeconfig: PathBuf,
    inventory: String,
    namespace: String,
    dry_run: bool,
    directory: PathBuf,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = arguments(std::env::args().skip(1))?;
    let cancel = cancelled_by_ctrl_c();
    let engine = engine(&arguments).await?;
    let manifests = Manifest::parse_all(read(&arguments.directory)?, &arguments.namespace)?;
    let at = InventoryRef { namespace: arguments.namespace.clone(), name: arguments.inventory.clone() };
    if arguments.dry_run {
        let inventory = engine.inventory(&at, &cancel).await?;
        let planned = engine.diff(&manifests, inventory.as_ref(), &Policy::default(), &cancel).await?;
        planned.changes.iter().for_each(print);
        return Ok(());
    }
    apply(&engine, &at, &manifests, &cancel).await
}

async fn apply(
    engine: &Engine,
    at: &InventoryRef,
    manifests: &[Manifest],
    cancel: &CancellationToken,
) -> Result<(), Box<dyn Error>> {
    let claim = Claim {
        holder: format!("example-{}", std::process::id()),
        expiry: Duration::from_secs(20),
        expect: Expect::Any,
        digest: ssa::digest(manifests),
    };
    let mut inventory = engine.claim(at, &claim, manifests, cancel).await?;
    let stages = Stage::defaults(manifests.to_vec());
    let applied = engine.apply(&stages, &mut inventory, &Policy::default(), cancel).await;
    applied.changes.changes.iter().for_each(print);
    if let Some(error) = applied.error {
        engine.release(&mut inventory, cancel).await?;
        return Err(error.into());
    }
    let keep: BTreeSet<ObjectId> = manifests.iter().map(|manifest| manifest.id().clone()).collect();
    let pruned = engine.prune(&mut inventory, &keep, &DeleteOptions::default(), cancel).await;
    pruned.changes.changes.iter().for_each(print);
    if let Some(error) = pruned.error {
        engine.release(&mut inventory, cancel).await?;
        return Err(error.into());
    }
    engine.complete(&mut inventory, cancel).await?;
    Ok(())
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let (mut kubeconfig, mut inventory, mut directory) = (None, None, None);
    let (mut namespace, mut dry_run) = ("default".to_owned(), false);
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--kubeconfig" => kubeconfig = Some(value()?),
            "--inventory" => inventory = Some(value()?),
            "--namespace" => namespace = value()?,
            "--dry-run" => dry_run = true,
            _ => directory = Some(word),
        }
    }
    Ok(Arguments {
        kubeconfig: kubeconfig.ok_or("--kubeconfig is missing")?.into(),
        inventory: inventory.ok_or("--inventory is missing")?,
        namespace,
        dry_run,
        directory: directory.ok_or("the folder of manifests is missing")?.into(),
    })
}

fn cancelled_by_ctrl_c() -> CancellationToken {
    let cancel = CancellationToken::new();
    let cancelled = cancel.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancelled.cancel();
        }
    });
    cancel
}

async fn engine(arguments: &Arguments) -> Result<Engine, Box<dyn Error>> {
    // Only the first call in a process installs the provider; it is the same one each time.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let kubeconfig = Kubeconfig::read_from(&arguments.kubeconfig)?;
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.default_retry = false;
    let owner = Owner { label: "ssa.example/inventory".to_owned(), value: arguments.inventory.clone() };
    Ok(Engine::new(kube::Client::try_from(config)?, Options::new("ssa-example", owner)))
}

fn read(directory: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(directory)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    let mut values = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "json")) {
        match serde_json::from_str(&std::fs::read_to_string(file)?)? {
            Value::Array(objects) => values.extend(objects),
            object => values.push(object),
        }
    }
    Ok(values)
}

fn print(change: &Change) {
    let Change { id, action } = change;
    match action {
        Action::Created => println!("+ {id}"),
        Action::Deleted => println!("- {id}"),
        Action::Unchanged => println!("  {id}"),
        Action::Left => println!("  {id} (left to its owner)"),
        Action::Foreign { managers, .. } => println!("! {id} belongs to others: {}", managers.join(", ")),
        Action::Changed { fields, acquired } => {
            println!("~ {id}");
            fields.iter().for_each(print_field);
            for path in acquired {
                println!("    {path} becomes ours");
            }
        }
        Action::Recreated { immutable, fields } => {
            let immutable: Vec<String> = immutable.iter().map(ToString::to_string).collect();
            println!("± {id}, because {} cannot change", immutable.join(", "));
            fields.iter().for_each(print_field);
        }
        Action::Conflict { conflicts, fields } => {
            println!("! {id}");
            for conflict in conflicts {
                println!("    {conflict}");
            }
            fields.iter().for_each(print_field);
        }
    }
}

fn print_field(field: &ssa::FieldChange) {
    let show =
        |value: &Option<ssa::FieldValue>| value.as_ref().map_or("absent".to_owned(), ToString::to_string);
    println!("    {}: {} -> {}", field.path, show(&field.before), show(&field.after));
}

//! Makes a cluster equal a folder of manifests and prints what changes.
//!
//! `cargo run -p ssa --example apply -- --kubeconfig F --inventory NAME [--dry-run] DIR`
//!
//! Objects that earlier runs with the same inventory made and that are no longer there are deleted. The exit code is 0 when all was done, and 1,
//! with what stopped it on standard error, when it was not.
#![allow(clippy::print_stdout)]

mod arguments;
mod folder;
mod report;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::process::ExitCode;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use ssa::{
    Adoption, Claim, DeleteOptions, Engine, Expect, Inventory, InventoryError, InventoryRef, Manifest,
    ObjectId, ObjectPattern, Options, Owner, Policy, Predecessor, SchemaCache, Stage, TakeOver,
};
use tokio_util::sync::CancellationToken;

use arguments::Arguments;

/// How long the claim on the inventory outlives a run that is killed.
const EXPIRY: Duration = Duration::from_secs(20);
const LOOK_AGAIN: Duration = Duration::from_millis(500);

// One thread is enough to wait for a server, and each further one has its own share of the heap.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", report::chain(&*error));
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    let arguments = arguments::parse(std::env::args().skip(1))?;
    let cancel = cancelled_by_ctrl_c();
    let engine = engine(&arguments).await?;
    let at = InventoryRef { namespace: arguments.namespace.clone(), name: arguments.inventory.clone() };
    let manifests = if arguments.delete {
        Vec::new()
    } else {
        Manifest::parse_all(folder::read(&arguments.directory)?, &arguments.namespace)?
    };
    if arguments.dry_run {
        return plan(&engine, &at, &manifests, &arguments, &cancel).await;
    }
    let mut inventory = claim(&engine, &at, &manifests, &cancel).await?;
    let done = if arguments.delete {
        delete(&engine, &mut inventory, &cancel).await
    } else {
        apply(&engine, &mut inventory, &manifests, &arguments, &cancel).await
    };
    if done.is_err() {
        // The error that stopped the run is the one to tell; a claim that is not given back expires.
        let _ = engine.release(&mut inventory, &CancellationToken::new()).await;
    }
    done
}

async fn plan(
    engine: &Engine,
    at: &InventoryRef,
    manifests: &[Manifest],
    arguments: &Arguments,
    cancel: &CancellationToken,
) -> Result<(), Box<dyn Error>> {
    let inventory = engine.inventory(at, cancel).await?;
    let policy = policy(arguments);
    if !arguments.ask_server {
        let planned = engine.diff(manifests, inventory.as_ref(), &policy, cancel).await?;
        planned.changes.iter().for_each(report::change);
        return Ok(());
    }
    let rehearsed = engine.rehearse(manifests, inventory.as_ref(), &policy, cancel).await?;
    rehearsed.changes.changes.iter().for_each(report::change);
    for (id, objection) in &rehearsed.objections {
        println!("? {id}: {}", report::chain(objection));
    }
    Ok(())
}

async fn apply(
    engine: &Engine,
    inventory: &mut Inventory,
    manifests: &[Manifest],
    arguments: &Arguments,
    cancel: &CancellationToken,
) -> Result<(), Box<dyn Error>> {
    let stages = Stage::defaults(manifests.to_vec());
    let applied = engine.apply(&stages, inventory, &policy(arguments), cancel).await;
    applied.changes.changes.iter().for_each(report::change);
    applied.error.map_or(Ok(()), Err)?;
    let keep: BTreeSet<ObjectId> = manifests.iter().map(|manifest| manifest.id().clone()).collect();
    let pruned = engine.prune(inventory, &keep, &DeleteOptions::default(), cancel).await;
    pruned.changes.changes.iter().for_each(report::change);
    pruned.error.map_or(Ok(()), Err)?;
    if let Some(seconds) = arguments.wait_seconds {
        let waiting = engine.wait(&keep, Duration::from_secs(seconds), cancel);
        engine.holding(inventory, waiting, cancel).await??;
    }
    Ok(engine.complete(inventory, &BTreeMap::new(), cancel).await?)
}

async fn delete(
    engine: &Engine,
    inventory: &mut Inventory,
    cancel: &CancellationToken,
) -> Result<(), Box<dyn Error>> {
    let deleted = engine.delete(inventory, &DeleteOptions::default(), cancel).await;
    deleted.changes.changes.iter().for_each(report::change);
    Ok(deleted.error.map_or(Ok(()), Err)?)
}

/// Claims the inventory; waits for another run to end, and goes on in the name of one of this machine that was killed.
async fn claim(
    engine: &Engine,
    at: &InventoryRef,
    manifests: &[Manifest],
    cancel: &CancellationToken,
) -> Result<Inventory, Box<dyn Error>> {
    let mut claim = Claim {
        identity: at.name.clone(),
        after: None,
        settings: BTreeMap::new(),
        known: BTreeMap::new(),
        holder: format!("{}/{}", host(), std::process::id()),
        expiry: EXPIRY,
        expect: Expect::Any,
        digest: ssa::digest(manifests),
    };
    loop {
        match engine.claim(at, &claim, &Stage::defaults(manifests.to_vec()), cancel).await {
            Err(InventoryError::Held { holder, .. }) if is_dead(&holder) => claim.holder = holder,
            Err(held @ InventoryError::Held { .. }) => {
                eprintln!("{held}; waiting");
                tokio::select! {
                    () = cancel.cancelled() => return Err(held.into()),
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                }
            }
            claimed => return Ok(claimed?),
        }
    }
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// Whether a holder is a process of this machine that is no more.
fn is_dead(holder: &str) -> bool {
    let process = holder.strip_prefix(&host()).and_then(|rest| rest.strip_prefix('/'));
    let is_gone = |id: u32| !std::path::Path::new(&format!("/proc/{id}")).exists();
    process.and_then(|id| id.parse().ok()).is_some_and(is_gone)
}

fn policy(arguments: &Arguments) -> Policy {
    let objects = ObjectPattern::any;
    let taken = arguments.take_over.iter();
    let succeeded = arguments.succeed.iter();
    Policy {
        adoption: if arguments.adopt { Adoption::Unowned } else { Adoption::Never },
        take_over: taken
            .map(|manager| TakeOver { manager: manager.as_str().into(), objects: objects(), fields: None })
            .collect(),
        predecessors: succeeded
            .map(|manager| Predecessor { manager: manager.as_str().into(), objects: objects() })
            .collect(),
        recreate: arguments.recreate,
        skip_refused: arguments.skip_refused,
        ..Policy::default()
    }
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
    let context = KubeConfigOptions { context: arguments.context.clone(), ..KubeConfigOptions::default() };
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &context).await?;
    config.default_retry = false;
    let schemas = arguments.schema_cache.clone().map(SchemaCache::in_folder).unwrap_or_default();
    let options = Options { schemas, ..Options::new("ssa-example", owner(arguments)) };
    Ok(Engine::new(kube::Client::try_from(config)?, options))
}

/// Inventories of one name in several namespaces are several owners.
fn owner(arguments: &Arguments) -> Owner {
    let label = "ssa.example/inventory".to_owned();
    Owner { label, value: format!("{}.{}", arguments.namespace, arguments.inventory) }
}

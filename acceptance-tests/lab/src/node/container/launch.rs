//! From a container of a pod's spec to the process that runs it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use k8s_openapi::api::core::v1::{Container, Volume};

use super::env;
use crate::net::addresses::DNS;
use crate::node::below;
use crate::node::image::{self, Known, Run};
use crate::node::pod::Shared;
use crate::node::process::Spec;
use crate::node::rootfs::Root;
use crate::parts;

/// Why a container cannot be started yet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its environment is incomplete.
    #[error("cannot make the environment")]
    Environment(#[from] env::Error),
    /// A program of its image is missing.
    #[error("the image's program is missing")]
    Parts(#[from] parts::Error),
    /// It mounts a volume that its pod does not have.
    #[error("the pod has no volume {0}")]
    NoVolume(String),
}

/// Where programs are looked for, as in common images.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The process of a container.
pub fn spec(shared: &Shared, container: &Container) -> Result<Spec, Error> {
    let image = container.image.as_deref().unwrap_or_default();
    let command = container.command.clone().unwrap_or_default();
    let known = match image::run(image, &command) {
        Run::Known(known) => Some(known),
        _ => None,
    };
    let pod = shared.pod();
    let facts = shared.facts(&pod);
    let environment = env::variables(container, &facts, &shared.context.stores, defaults(shared, known))?;
    let entrypoint = known.map_or(&[] as &[&str], |known| known.entrypoint);
    let command =
        if command.is_empty() { entrypoint.iter().map(|it| (*it).to_owned()).collect() } else { command };
    let arguments = command.iter().chain(container.args.iter().flatten());
    let arguments = arguments.map(|argument| env::expand(argument, &environment)).collect();
    let (user, group) = user(shared, container, known);
    Ok(Spec {
        network_namespace: shared.network_namespace(),
        root: root(shared, container, known)?,
        host_name: shared.name(),
        arguments,
        environment,
        user,
        group,
        working_directory: container.working_dir.clone().unwrap_or_else(|| "/".to_owned()),
        log: shared.log(&container.name),
    })
}

/// What every container finds in its environment.
fn defaults(shared: &Shared, known: Option<&Known>) -> BTreeMap<String, String> {
    let service = shared.context.network.addresses().kubernetes_service().to_string();
    let mut variables: BTreeMap<String, String> = [
        ("PATH", PATH),
        ("HOME", "/tmp"),
        ("HOSTNAME", &shared.name()),
        ("KUBERNETES_SERVICE_HOST", &service),
        ("KUBERNETES_SERVICE_PORT", "443"),
        ("KUBERNETES_SERVICE_PORT_HTTPS", "443"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let own = known.into_iter().flat_map(|known| known.environment);
    variables.extend(own.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    variables
}

/// The container's own choice, else the pod's, else the image's.
fn user(shared: &Shared, container: &Container, known: Option<&Known>) -> (u32, u32) {
    let pod = shared.pod();
    let own = container.security_context.as_ref();
    let pods = pod.spec.as_ref().and_then(|spec| spec.security_context.as_ref());
    let number = |value: i64| u32::try_from(value).ok();
    let image = known.map_or(0, |known| known.user);
    let user = own.and_then(|it| it.run_as_user).or_else(|| pods.and_then(|it| it.run_as_user));
    let group = own.and_then(|it| it.run_as_group).or_else(|| pods.and_then(|it| it.run_as_group));
    let user = user.and_then(number).unwrap_or(image);
    (user, group.and_then(number).unwrap_or(user))
}

fn root(shared: &Shared, container: &Container, known: Option<&Known>) -> Result<Root, Error> {
    let mut mounts = Vec::new();
    for (part, name) in known.into_iter().flat_map(|known| known.programs) {
        mounts.push((parts::find(*part)?, format!("/usr/local/bin/{name}")));
    }
    for (part, path) in known.into_iter().flat_map(|known| known.files) {
        mounts.push((parts::find(*part)?, (*path).to_owned()));
    }
    let pod = shared.pod();
    let volumes: Vec<&Volume> = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten()).collect();
    for it in container.volume_mounts.iter().flatten() {
        let volume = volumes.iter().find(|volume| volume.name == it.name);
        let volume = volume.ok_or_else(|| Error::NoVolume(it.name.clone()))?;
        let path = shared.volumes.path(volume);
        let source = match &it.sub_path {
            Some(sub_path) => below(&path, sub_path),
            None => path,
        };
        mounts.push((source, it.mount_path.clone()));
    }
    Ok(Root { directory: root_directory(shared, container), files: files(shared), mounts })
}

fn root_directory(shared: &Shared, container: &Container) -> PathBuf {
    shared.directory.join("roots").join(&container.name)
}

/// The files of /etc that are the pod's own.
fn files(shared: &Shared) -> BTreeMap<String, String> {
    let namespace = shared.namespace();
    let address = shared.address();
    let name = shared.name();
    [
        ("/etc/passwd", "root:x:0:0::/root:/bin/sh\nistio-proxy:x:1337:1337::/tmp:/bin/sh\n".to_owned()),
        ("/etc/group", "root:x:0:\nistio-proxy:x:1337:\n".to_owned()),
        ("/etc/nsswitch.conf", "hosts: files dns\n".to_owned()),
        ("/etc/hosts", format!("127.0.0.1 localhost\n{address} {name}\n")),
        (
            "/etc/resolv.conf",
            format!(
                "nameserver {DNS}\n\
                 search {namespace}.svc.cluster.local svc.cluster.local cluster.local\n\
                 options ndots:5\n"
            ),
        ),
    ]
    .map(|(path, content)| (path.to_owned(), content))
    .into()
}

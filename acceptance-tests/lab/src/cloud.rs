//! The cloud's part of Services of type `LoadBalancer`: addresses, host names, and the balancers themselves.
//!
//! A balancer with an address is the address on the node, and kube-proxy does the rest. A balancer with a host name
//! stands outside the cluster, as those of clouds that give host names do, and forwards to the node port.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::Service;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::reflector::Store;
use kube::{Client, ResourceExt as _};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::dns::Names;
use crate::net;
use crate::net::node::NodeNetwork;
use crate::net::wan::{self, Forward};

/// What Kubernetes' own service controller uses, so that a Service goes away after its balancer.
const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
const MANAGER: &str = "lab-cloud";
/// The pause after a refused update.
const RETRY: Duration = Duration::from_millis(500);

/// What the cloud gives to a Service of type `LoadBalancer`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadBalancers {
    /// Nothing: it stays pending.
    Pending,
    /// So many addresses.
    Addresses(usize),
    /// One host name with so many addresses behind it.
    HostName(usize),
}

/// What the cloud gives, and how often everything was made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policy {
    pub load_balancers: LoadBalancers,
    generation: u64,
}

impl Policy {
    pub fn of(load_balancers: LoadBalancers) -> Self {
        Self { load_balancers, generation: 0 }
    }

    pub fn renew(&mut self) {
        self.generation += 1;
    }
}

/// The forwarding of all balancers that stand outside their clusters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Balancers(Arc<Mutex<BTreeMap<String, Vec<Forward>>>>);

impl Balancers {
    fn set(&self, cluster: &str, forwards: Vec<Forward>) -> Result<(), net::Error> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(cluster).is_some_and(|known| *known == forwards) {
            return Ok(());
        }
        all.insert(cluster.to_owned(), forwards);
        let every: Vec<Forward> = all.values().flatten().cloned().collect();
        wan::forward(&every)
    }
}

#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cannot move an address")]
    Net(#[from] net::Error),
    #[error("cannot update a Service")]
    Update(#[from] Box<kube::Error>),
}

/// What one Service has.
#[derive(Debug, Clone)]
struct Given {
    policy: Policy,
    addresses: Vec<Ipv4Addr>,
    host_name: Option<String>,
}

/// The cloud of one cluster.
pub(crate) struct Cloud {
    pub cluster: String,
    pub client: Client,
    pub network: Arc<NodeNetwork>,
    pub names: Names,
    pub balancers: Balancers,
    pub services: Store<Service>,
}

impl Cloud {
    /// Gives and takes load balancers, whenever a Service or the policy changes.
    pub async fn run(self, mut policies: watch::Receiver<Policy>, mut services: watch::Receiver<u64>) {
        let mut given = BTreeMap::new();
        loop {
            let policy = policies.borrow_and_update().clone();
            services.borrow_and_update();
            let done = self.reconcile(&policy, &mut given).await;
            if let Err(error) = &done {
                tracing::warn!(cluster = self.cluster, error = crate::chain(error), "load balancers");
            }
            tokio::select! {
                seen = policies.changed() => if seen.is_err() { return },
                seen = services.changed() => if seen.is_err() { return },
                () = tokio::time::sleep(RETRY), if done.is_err() => {}
            }
        }
    }

    async fn reconcile(&self, policy: &Policy, given: &mut BTreeMap<String, Given>) -> Result<(), Error> {
        let services = self.services.state();
        let mut forwards = Vec::new();
        let mut wanted = Vec::new();
        for service in services.iter().filter(|service| wants_balancer(service)) {
            let key = key(service);
            if given.get(&key).is_none_or(|it| it.policy != *policy) {
                self.give(service, policy, given)?;
            }
            if let Some(it) = given.get(&key) {
                forwards.extend(self.forwards(service, it));
                self.publish(service, it).await?;
            }
            wanted.push(key);
        }
        self.balancers.set(&self.cluster, forwards)?;
        let gone: Vec<String> = given.keys().filter(|key| !wanted.contains(key)).cloned().collect();
        for key in gone {
            if let Some(it) = given.remove(&key) {
                self.release(&it)?;
            }
        }
        for service in services.iter().filter(|service| !wants_balancer(service) && has_finalizer(service)) {
            self.forget(service).await?;
        }
        Ok(())
    }

    /// Takes addresses for a Service, before those it had are given back, so that they differ.
    fn give(
        &self,
        service: &Service,
        policy: &Policy,
        given: &mut BTreeMap<String, Given>,
    ) -> Result<(), Error> {
        let (count, named) = match policy.load_balancers {
            LoadBalancers::Pending => (0, false),
            LoadBalancers::Addresses(count) => (count, false),
            LoadBalancers::HostName(count) => (count, true),
        };
        let key = key(service);
        // After a warm start a Service keeps what it has.
        let known = if given.contains_key(&key) { Vec::new() } else { published_addresses(service) };
        let used: Vec<Ipv4Addr> = given.values().flat_map(|it| it.addresses.iter().copied()).collect();
        let pool: Vec<Ipv4Addr> = self.network.addresses().load_balancers().collect();
        let (kept, fresh): (Vec<Ipv4Addr>, Vec<Ipv4Addr>) =
            pool.into_iter().filter(|address| !used.contains(address)).partition(|it| known.contains(it));
        let addresses: Vec<Ipv4Addr> = kept.into_iter().chain(fresh).take(count).collect();
        if addresses.len() < count {
            return Err(net::Error::Exhausted(self.network.addresses().public_range()).into());
        }
        let host_name = named.then(|| {
            format!("{}.{}.{}.balancers.lab.example", service.name_any(), namespace(service), self.cluster)
        });
        let new = Given { policy: policy.clone(), addresses, host_name };
        self.set_addresses(&new, true)?;
        if let Some(old) = given.remove(&key) {
            self.release(&old)?;
        }
        if let Some(name) = &new.host_name {
            self.names.set(name, &new.addresses);
        }
        given.insert(key, new);
        Ok(())
    }

    fn release(&self, given: &Given) -> Result<(), Error> {
        if let Some(name) = &given.host_name {
            self.names.set(name, &[]);
        }
        self.set_addresses(given, false)
    }

    fn set_addresses(&self, given: &Given, present: bool) -> Result<(), Error> {
        for address in &given.addresses {
            match given.host_name {
                Some(_) => wan::set_address(*address, present)?,
                None => self.network.set_address(*address, present)?,
            }
        }
        Ok(())
    }

    fn forwards(&self, service: &Service, given: &Given) -> Vec<Forward> {
        if given.host_name.is_none() {
            return Vec::new();
        }
        let node = self.network.addresses().node();
        let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
        let numbers = ports.filter_map(|port| {
            let node_port = u16::try_from(port.node_port?).ok()?;
            Some((
                port.protocol.as_deref().unwrap_or("TCP").to_lowercase(),
                u16::try_from(port.port).ok()?,
                node_port,
            ))
        });
        numbers
            .flat_map(|(protocol, port, node_port)| {
                given.addresses.iter().map(move |address| Forward {
                    address: *address,
                    protocol: protocol.clone(),
                    port,
                    node,
                    node_port,
                })
            })
            .collect()
    }

    /// Makes the Service say what it has.
    async fn publish(&self, service: &Service, given: &Given) -> Result<(), Error> {
        if !has_finalizer(service) {
            let finalizers = service.finalizers().iter().map(String::as_str).chain([FINALIZER]).collect();
            self.set_finalizers(service, finalizers).await?;
        }
        let ingress: Vec<Value> = match &given.host_name {
            Some(name) => vec![json!({"hostname": name})],
            None => given.addresses.iter().map(|address| json!({"ip": address, "ipMode": "VIP"})).collect(),
        };
        let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
        let published = status.and_then(|it| it.ingress.as_ref()).map_or_else(|| json!([]), |it| json!(it));
        if published != json!(ingress) {
            self.patch(service, json!({"status": {"loadBalancer": {"ingress": ingress}}}), true).await?;
        }
        Ok(())
    }

    /// Takes the mark of the cloud from a Service that has no balancer any more.
    async fn forget(&self, service: &Service) -> Result<(), Error> {
        if service.metadata.deletion_timestamp.is_none() {
            self.patch(service, json!({"status": {"loadBalancer": {"ingress": null}}}), true).await?;
        }
        let others = service.finalizers().iter().map(String::as_str).filter(|it| *it != FINALIZER).collect();
        self.set_finalizers(service, others).await
    }

    /// The list is one value: what somebody else changed meanwhile must not be lost, so the version goes with it.
    async fn set_finalizers(&self, service: &Service, finalizers: Vec<&str>) -> Result<(), Error> {
        let version = &service.metadata.resource_version;
        let patch = json!({"metadata": {"resourceVersion": version, "finalizers": finalizers}});
        self.patch(service, patch, false).await
    }

    async fn patch(&self, service: &Service, patch: Value, status: bool) -> Result<(), Error> {
        let api = Api::<Service>::namespaced(self.client.clone(), namespace(service));
        let parameters = PatchParams { field_manager: Some(MANAGER.to_owned()), ..PatchParams::default() };
        let name = service.name_any();
        let patched = if status {
            api.patch_status(&name, &parameters, &Patch::Merge(patch)).await
        } else {
            api.patch(&name, &parameters, &Patch::Merge(patch)).await
        };
        match patched {
            Ok(_) => Ok(()),
            // It went away meanwhile.
            Err(kube::Error::Api(answer)) if answer.code == 404 => Ok(()),
            Err(error) => Err(Box::new(error).into()),
        }
    }
}

fn wants_balancer(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    service.metadata.deletion_timestamp.is_none()
        && spec.and_then(|spec| spec.type_.as_deref()) == Some("LoadBalancer")
        && spec.and_then(|spec| spec.load_balancer_class.as_ref()).is_none()
}

fn has_finalizer(service: &Service) -> bool {
    service.finalizers().iter().any(|it| it == FINALIZER)
}

fn published_addresses(service: &Service) -> Vec<Ipv4Addr> {
    let status = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let ingress = status.and_then(|it| it.ingress.as_ref()).into_iter().flatten();
    ingress.filter_map(|it| it.ip.as_ref()?.parse().ok()).collect()
}

fn namespace(service: &Service) -> &str {
    service.metadata.namespace.as_deref().unwrap_or_default()
}

fn key(service: &Service) -> String {
    format!("{}/{}", namespace(service), service.name_any())
}

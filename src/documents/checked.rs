//! Whether a peer document can be used, and its one form.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{AttributePath, Field};

use super::error::DocumentError;
use super::member_error::MemberError;
use super::model::{ExportModel, ExportPortModel, Gateways, PeerDocumentModel, Texts};
use super::{Document as _, bundle, rules, sorted};
use crate::mesh::{ClusterName, Namespace, Network};

type Kept = Result<(), DocumentError>;

impl PeerDocumentModel {
    /// The document in the one form in which the provider writes it, with sorted lists and roots, if each member can be used. What is unknown
    /// is not judged.
    ///
    /// # Errors
    /// The first member that cannot be used, by its path.
    pub fn checked(mut self) -> Result<Self, DocumentError> {
        let at = AttributePath::new;
        text(&self.id, &at("id"), rules::identity_of_mesh)?;
        text(&self.mesh_id, &at("mesh_id"), rules::mesh_id)?;
        needed_text(&self.trust_domain, &at("trust_domain"), rules::trust_domain)?;
        text(&self.domain_suffix, &at("domain_suffix"), rules::dns_name)?;
        text(&self.namespace, &at("namespace"), rules::name::<Namespace>)?;
        needed_text(&self.root_certificates, &at("root_certificates"), rules::roots)?;
        gateways(&mut self.gateways, &at("gateways"))?;
        gateways(&mut self.federation_gateways, &at("federation_gateways"))?;
        number(&self.serial, &at("serial"), rules::serial)?;
        entries(&mut self.exports, &at("exports"), rules::label, export)?;
        if let Field::Known(roots) = &self.root_certificates {
            self.root_certificates = bundle([roots].into_iter()).into();
        }
        Ok(self)
    }
}

fn gateways(gateways: &mut Gateways, path: &AttributePath) -> Kept {
    entries(gateways, path, rules::name::<ClusterName>, |gateway, path| {
        let at = |member: &str| path.clone().attribute(member);
        text(&gateway.network, &at("network"), rules::name::<Network>)?;
        texts(&mut gateway.addresses, &at("addresses"), rules::address)?;
        number(&gateway.port, &at("port"), rules::port)
    })
}

fn export(export: &mut ExportModel, path: &AttributePath) -> Kept {
    let at = |member: &str| path.clone().attribute(member);
    needed_text(&export.namespace, &at("namespace"), rules::name::<Namespace>)?;
    needed_text(&export.service, &at("service"), rules::label)?;
    needed_text(&export.host, &at("host"), rules::dns_name)?;
    ports(&mut export.ports, &at("ports"))?;
    texts(&mut export.identities, &at("identities"), rules::identity)?;
    // Whoever imports pins them, so there is no export without one.
    present(&export.identities, &at("identities"))?;
    texts(&mut export.gateways, &at("gateways"), rules::name::<ClusterName>)?;
    texts(&mut export.tls, &at("tls"), rules::tls)
}

fn ports(ports: &mut Field<Vec<ExportPortModel>>, path: &AttributePath) -> Kept {
    present(ports, path)?;
    let Some(ports) = ports.as_known_mut() else { return Ok(()) };
    kept(rules::within(ports.len(), rules::MOST), path)?;
    let (mut names, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for (index, port) in (0..).zip(&*ports) {
        let path = path.clone().index(index);
        let at = |member: &str| path.clone().attribute(member);
        needed_text(&port.name, &at("name"), rules::label)?;
        needed(&port.number, &at("number"))?;
        number(&port.number, &at("number"), rules::port)?;
        needed_text(&port.protocol, &at("protocol"), rules::protocol)?;
        once(&port.name, &mut names, &at("name"))?;
        once(&port.number, &mut numbers, &at("number"))?;
    }
    if ports.iter().all(|port| port.number.is_known()) {
        ports.sort_by_key(|port| port.number.as_known().copied());
    }
    Ok(())
}

/// Each entry of a map, with its name.
fn entries<T>(
    map: &mut Field<BTreeMap<String, T>>,
    path: &AttributePath,
    name: impl Fn(&str) -> Result<(), MemberError>,
    entry: impl Fn(&mut T, &AttributePath) -> Kept,
) -> Kept {
    let Some(map) = map.as_known_mut() else { return Ok(()) };
    kept(rules::within(map.len(), rules::MOST), path)?;
    map.iter_mut().try_for_each(|(key, value)| {
        // The cause quotes the name, if it is not too long for that.
        kept(name(key), path)?;
        entry(value, &path.clone().key(key))
    })
}

/// Each text of a list, which is sorted then.
fn texts(list: &mut Texts, path: &AttributePath, rule: fn(&str) -> Result<(), MemberError>) -> Kept {
    let Some(elements) = list.as_known() else { return Ok(()) };
    kept(rules::within(elements.len(), rules::MOST), path)?;
    for (index, element) in (0..).zip(elements) {
        text(element, &path.clone().index(index), rule)?;
    }
    *list = sorted(&list.as_ref().map(|elements| elements.iter().cloned().collect()));
    Ok(())
}

fn needed_text(
    field: &Field<String>,
    path: &AttributePath,
    rule: fn(&str) -> Result<(), MemberError>,
) -> Kept {
    needed(field, path)?;
    text(field, path, rule)
}

fn text(field: &Field<String>, path: &AttributePath, rule: fn(&str) -> Result<(), MemberError>) -> Kept {
    field.as_known().map_or(Ok(()), |text| kept(rule(text), path))
}

fn number(field: &Field<i64>, path: &AttributePath, rule: fn(i64) -> Result<(), MemberError>) -> Kept {
    field.as_known().map_or(Ok(()), |number| kept(rule(*number), path))
}

fn needed<T>(field: &Field<T>, path: &AttributePath) -> Kept {
    if field.is_null() { kept(Err(MemberError::Missing), path) } else { Ok(()) }
}

/// A list that must have an element.
fn present<T>(list: &Field<Vec<T>>, path: &AttributePath) -> Kept {
    needed(list, path)?;
    if list.as_known().is_some_and(Vec::is_empty) { kept(Err(MemberError::Missing), path) } else { Ok(()) }
}

/// A value that nothing before it has.
fn once<T: Ord + Clone + ToString>(field: &Field<T>, seen: &mut BTreeSet<T>, path: &AttributePath) -> Kept {
    let Some(value) = field.as_known() else { return Ok(()) };
    if seen.insert(value.clone()) {
        return Ok(());
    }
    kept(Err(MemberError::Twice { found: value.to_string() }), path)
}

fn kept(rule: Result<(), MemberError>, path: &AttributePath) -> Kept {
    rule.map_err(|source| DocumentError::Unusable {
        document: PeerDocumentModel::NAME,
        path: path.clone(),
        source: Box::new(source),
    })
}

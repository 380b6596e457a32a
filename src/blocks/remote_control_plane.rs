//! The block `remote_control_plane`: schema, model and reading.
#![allow(missing_docs, reason = "the schema describes every attribute")]

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::schema::{Attribute, Block};
use tfplugin::{Field, Model};

use super::load_balancer::with_load_balancer;
use super::reader::Reader;
use crate::mesh::RemoteControlPlane;

/// How clusters without a control plane reach this one's.
#[derive(Clone, Debug, Default, Model)]
pub struct RemoteControlPlaneModel {
    pub hostname: Field<String>,
    pub service_annotations: Field<BTreeMap<String, Field<String>>>,
    pub load_balancer_class: Field<String>,
    pub load_balancer_source_ranges: Field<BTreeSet<Field<String>>>,
}

/// The block's schema.
pub fn block() -> Block {
    let block = Block::new(
        "Lets this control plane serve clusters without their own. They reach istiod on ports 15012 and 15017 through the \
         east-west gateway; without an `east_west_gateway` block, through istiod's own load balancer (Service \
         `istiod-load-balancer`), which the attributes below describe and which should be internal.",
    )
    .attribute("hostname", Attribute::string(
        "Host name, or IP address, that these clusters use instead of the load balancer's addresses: your own DNS record that \
         points to it. istiod's certificate is valid for it (`ISTIOD_CUSTOM_HOST`). Set it before clusters join where a load \
         balancer can be replaced, and where API servers call istiod by URL. A change restarts istiod.",
    ).optional());
    with_load_balancer(block, "those of the nodes and API servers of the clusters that are served")
}

impl Reader {
    /// What the block declares.
    pub fn remote_control_plane(&mut self, remote: &RemoteControlPlaneModel) -> RemoteControlPlane {
        RemoteControlPlane {
            hostname: self.text(&remote.hostname),
            service_annotations: self.map(&remote.service_annotations),
            load_balancer_class: self.text(&remote.load_balancer_class),
            load_balancer_source_ranges: self.ranges(&remote.load_balancer_source_ranges),
        }
    }
}

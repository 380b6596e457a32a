//! The block `api_server`: schema, model and reading.
#![allow(missing_docs, reason = "the schema describes every attribute")]

use std::collections::BTreeMap;

use tfplugin::schema::{Attribute, Block, NestedBlock};
use tfplugin::{AttributePath, Field, Model};

use super::reader::Reader;
use crate::clusters;
use crate::mesh::{DeclaredAddress, DeclaredApiServer};

/// How other control planes reach a cluster.
#[derive(Clone, Debug, Default, Model)]
pub struct ApiServerModel {
    pub url: Field<String>,
    pub cluster_ca_certificate: Field<String>,
    pub tls_server_name: Field<String>,
    pub from: Field<BTreeMap<String, AddressModel>>,
}

/// How one other control plane reaches a cluster.
#[derive(Clone, Debug, Default, Model)]
pub struct AddressModel {
    pub url: Field<String>,
    pub cluster_ca_certificate: Field<String>,
    pub tls_server_name: Field<String>,
}

/// The block's schema.
pub fn block() -> Block {
    address(
        "How the control planes of other clusters reach this cluster's API server. Without it they use the host and the \
         certificates of the provider's `cluster` block.",
    )
    .block("from", NestedBlock::map(address(
        "How the primary with this label reaches it, if not as the others do: for example, from the other end of a peering or a \
         VPN. Omitted attributes are as for the others.",
    )))
}

fn address(description: &str) -> Block {
    Block::new(description)
    .attribute("url", Attribute::string(
        "URL reachable from inside the other clusters, `https://…`. Addresses that refer to another machine there, such as \
         `127.0.0.1` or `kubernetes.default.svc`, are rejected.",
    ).optional())
    .attribute("cluster_ca_certificate", Attribute::string(
        "CA certificates that verify the API server's, as PEM or base64 of PEM.",
    ).optional())
    .attribute("tls_server_name", Attribute::string(
        "Name to expect in the API server's certificate, if it is not the URL's.",
    ).optional())
}

impl Reader {
    /// What the block at `path` declares, if it is wholly known: nothing stands in for an address, since what is written with it is
    /// filled in by the apply.
    pub fn known_api_server(
        &mut self,
        block: &Field<ApiServerModel>,
        path: &AttributePath,
    ) -> Field<DeclaredApiServer> {
        let mut inside = self.inside();
        let declared = inside.block(block).map(|block| inside.api_server(block, path));
        if self.take(inside) { declared.into() } else { Field::Unknown }
    }

    fn api_server(&mut self, api_server: &ApiServerModel, path: &AttributePath) -> DeclaredApiServer {
        let ApiServerModel { url, cluster_ca_certificate, tls_server_name, from } = api_server;
        let usual = self.address(url, cluster_ca_certificate, tls_server_name, path);
        let from = self.labelled(from, |reader, label, address| {
            let AddressModel { url, cluster_ca_certificate, tls_server_name } = address;
            let path = path.clone().attribute("from").key(label);
            reader.address(url, cluster_ca_certificate, tls_server_name, &path)
        });
        DeclaredApiServer { usual, from }
    }

    fn address(
        &mut self,
        url: &Field<String>,
        cluster_ca_certificate: &Field<String>,
        tls_server_name: &Field<String>,
        block: &AttributePath,
    ) -> DeclaredAddress {
        let at = |attribute| block.clone().attribute(attribute);
        DeclaredAddress {
            url: self.text(url),
            cluster_ca_certificate: self.setting(
                cluster_ca_certificate,
                clusters::authorities,
                at("cluster_ca_certificate"),
            ),
            tls_server_name: self.setting(tls_server_name, clusters::server_name, at("tls_server_name")),
        }
    }
}

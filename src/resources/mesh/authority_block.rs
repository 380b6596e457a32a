//! The block `certificate_authority`: schema, model and reading.
#![allow(missing_docs, reason = "the schema describes every attribute")]

use std::collections::BTreeMap;
use std::fmt;

use tfplugin::schema::{Attribute, Block, NestedBlock};
use tfplugin::{Field, Model};

use crate::blocks::Reader;
use crate::mesh::{CertificateAuthority, GivenAuthority};

/// Who signs the identities of the mesh.
#[derive(Clone, Default, Model)]
pub struct CertificateAuthorityModel {
    pub mode: Field<String>,
    pub key_cluster: Field<String>,
    pub root_lifetime_days: Field<i64>,
    pub intermediate_lifetime_days: Field<i64>,
    pub intermediate_version: Field<i64>,
    pub key_type: Field<String>,
    pub root_certificate: Field<String>,
    pub root_key_wo: Field<String>,
    pub root_key_wo_version: Field<i64>,
    pub given: Field<BTreeMap<String, GivenAuthorityModel>>,
}

impl fmt::Debug for CertificateAuthorityModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut model = f.debug_struct("CertificateAuthorityModel");
        model.field("mode", &self.mode).field("key_cluster", &self.key_cluster).field("given", &self.given);
        model.finish_non_exhaustive()
    }
}

/// What istiod of one cluster signs with.
#[derive(Clone, Model)]
pub struct GivenAuthorityModel {
    pub certificate: Field<String>,
    pub private_key_wo: Field<String>,
    pub private_key_wo_version: Field<i64>,
    pub certificate_chain: Field<String>,
    pub root_certificates: Field<String>,
}

impl fmt::Debug for GivenAuthorityModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GivenAuthorityModel").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

/// The block's schema.
pub fn block() -> Block {
    Block::new(
        "Who signs the identities of the workloads. Changing the root of a mesh that is in use breaks every connection until \
         all proxies have the new one.",
    )
    .attribute("mode", Attribute::string(
        "`generated` (default): the provider creates one root and an intermediate per cluster; the root key is stored only in a \
         Secret in `key_cluster`, or comes from `root_key_wo` at each apply. `given`: certificate and key of every cluster come \
         from its `given` block. `existing`: another tool, such as cert-manager, writes the Secret `cacerts` of every cluster; \
         it is checked and never changed. `self_signed`: istiod creates its own root, which only a mesh of one primary can have \
         and keep.",
    ).optional())
    .attribute("key_cluster", Attribute::string(
        "Label of the primary whose Secret `terraform-provider-istio-root`, in the mesh's namespace, keeps the key of the root. \
         Required when there are several primaries. Back up that Secret: without it, no cluster can join. Anyone with permission \
         to read Secrets in this cluster can sign for the whole mesh, and that includes the istiod of every other primary, \
         because Istio requires access to all Secrets of a cluster that it reads.",
    ).optional())
    .attribute("root_lifetime_days", Attribute::number("How long a new root is valid, 3650 days by default.").optional())
    .attribute("intermediate_lifetime_days", Attribute::number(
        "How long a new intermediate is valid, 730 days by default. When a tenth of that is left (and at least 30 days, or a \
         third of a shorter time), refresh shows it in `status`, and the next apply renews the intermediate by itself.",
    ).optional())
    .attribute("intermediate_version", Attribute::number(
        "Version of the intermediates (default `0`). Increment it to renew those of all clusters: the same root signs new ones, \
         and istiod picks them up without a restart. Do not delete the Secret `cacerts` for that: an istiod that starts without \
         it creates its own root.",
    ).optional())
    .attribute("key_type", Attribute::string(
        "Type of the keys of new certificates, `ecdsa-p256` (default) or `ecdsa-p384`.",
    ).optional())
    .attribute("root_certificate", Attribute::string(
        "With mode `generated`: your own root, as PEM, that signs the intermediates. The key is then not stored in any cluster.",
    ).optional())
    .attribute("root_key_wo", Attribute::string(
        "Key of `root_certificate`, as PEM without a password. Each plan and apply needs it; it is stored neither in state nor \
         in a plan.",
    ).optional().write_only().sensitive())
    .attribute("root_key_wo_version", Attribute::number(
        "Version of the key (default `0`). Increment it to apply a new key.",
    ).optional())
    .block("given", NestedBlock::map(given_authority()))
}

fn given_authority() -> Block {
    Block::new(
        "With mode `given`: what istiod of one cluster signs with, the files of Istio's guide *Plug in CA Certificates*. The \
         label is the primary's. All clusters must lead to one root, and certificate, key, chain and root must fit together; a \
         plan rejects what istiod would reject.",
    )
    .attribute("certificate", Attribute::string(
        "Certificate that signs the workloads' own, as PEM (`ca-cert.pem`).",
    ).required())
    .attribute("private_key_wo", Attribute::string(
        "Its key, as PEM without a password (`ca-key.pem`). It is stored neither in state nor in a plan.",
    ).required().write_only().sensitive())
    .attribute("private_key_wo_version", Attribute::number(
        "Version of the key (default `0`). Increment it to apply a new key: a change of the key alone is not detected.",
    ).optional())
    .attribute("certificate_chain", Attribute::string(
        "`certificate`, any intermediates, then the root, as PEM (`cert-chain.pem`).",
    ).required())
    .attribute("root_certificates", Attribute::string(
        "Roots that all workloads trust, as PEM (`root-cert.pem`).",
    ).required())
}

/// What the block declares; `labels` are those of the primaries.
pub fn read(
    reader: &mut Reader,
    authority: &CertificateAuthorityModel,
    labels: &[&str],
) -> CertificateAuthority {
    let (first, last) = (labels.first().copied(), labels.last().copied());
    CertificateAuthority {
        mode: reader.decisive(&authority.mode),
        key_cluster: reader.choice(&authority.key_cluster, [first, last, first]),
        root_lifetime_days: reader.number(&authority.root_lifetime_days),
        intermediate_lifetime_days: reader.number(&authority.intermediate_lifetime_days),
        intermediate_version: reader.number(&authority.intermediate_version),
        key_type: reader.choice(&authority.key_type, [Some("ecdsa-p256"), Some("ecdsa-p384"), None]),
        root_certificate: reader.text(&authority.root_certificate),
        has_root_key: !authority.root_key_wo.is_null(),
        root_key_version: reader.number(&authority.root_key_wo_version),
        given: reader.labelled(&authority.given, |reader, _, given| GivenAuthority {
            certificate: reader.text(&given.certificate).unwrap_or_default(),
            certificate_chain: reader.text(&given.certificate_chain).unwrap_or_default(),
            root_certificates: reader.text(&given.root_certificates).unwrap_or_default(),
            private_key_version: reader.number(&given.private_key_wo_version).unwrap_or_default(),
        }),
    }
}

//! The blocks `chart` and `chart_source`: schema, model and reading.
#![allow(missing_docs, reason = "the schema describes every attribute")]

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use tfplugin::schema::{Attribute, Block};
use tfplugin::{AttributePath, Field, Model};

use super::reader::Reader;
use super::sensitive::{self, Hidden, Purpose, SensitiveFields};
use super::stand_in::Loose;
use crate::mesh::{ChartName, FieldPath, Layer, OFFICIAL_CHARTS, SensitiveDocument};

/// Where the charts come from.
#[derive(Clone, Debug, Default, Model)]
pub struct ChartSourceModel {
    pub repository: Field<String>,
}

/// Values for one chart.
#[derive(Clone, Default, Model)]
pub struct ChartModel {
    pub values: Field<String>,
    pub sensitive_values: Field<String>,
    pub sensitive_values_wo: Field<String>,
    pub sensitive_values_wo_version: Field<i64>,
}

impl fmt::Debug for ChartModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChartModel")
            .field("values", &self.values)
            .field("sensitive_values", &Hidden(&self.sensitive_values))
            .field("sensitive_values_wo", &Hidden(&self.sensitive_values_wo))
            .field("sensitive_values_wo_version", &self.sensitive_values_wo_version)
            .finish()
    }
}

/// The schema of the block `chart_source`.
pub fn source_block() -> Block {
    Block::new("Where Istio's charts come from.").attribute("repository", Attribute::string(format!(
        "An HTTP(S) chart repository, by default Istio's own, `{OFFICIAL_CHARTS}`; a path in an OCI registry, such as \
         `oci://registry.example/istio`, to which the charts were pushed with `helm push`; a directory that contains the charts \
         as directories or `.tgz` files; or, where a mesh needs only that chart, one `.tgz`. Put credentials and a private CA \
         certificate in a `chart_registry` block of the provider.",
    )).optional())
}

/// The schema of the block `chart`; `scope` says where its values hold.
pub fn block(scope: &str) -> Block {
    let block = Block::new(format!(
        "Values for one of Istio's charts {scope}. The label is the chart's name: `base`, `istiod`, `cni`, or `gateway` for \
         east-west and federation gateways."
    ))
    .attribute("values", Attribute::string(
        "Helm values as YAML; write them with `yamlencode`. They override the chart's own, and those of one cluster override those of \
         the mesh. Integers arrive as written, as with helm's `--set`; in a values file helm turns those from a million on into `1e+06`. \
         What the mesh sets (mesh ID, cluster name, network, trust domain, namespace) cannot be overridden here, and neither can \
         revisions; the guide \"Settings of Istio and its charts\" lists what else is followed or rejected. They are stored in state \
         and in the inventory ConfigMap in each cluster, so do not put secrets in them: `sensitive_values` is for these.",
    ).optional());
    sensitive::attributes(sensitive::VALUES)
        .into_iter()
        .fold(block, |block, (name, attribute)| block.attribute(name, attribute))
}

/// Where the charts come from: Istio's own repository unless the block names another.
pub fn repository(source: &Field<ChartSourceModel>) -> Field<String> {
    let named = source.as_ref().and_then(|source| source.repository.as_ref());
    named.map(String::clone).or(OFFICIAL_CHARTS.to_owned())
}

impl Reader {
    /// The values of each chart, for one cluster or for all of them; `parent` is where the blocks are.
    pub fn charts(
        &mut self,
        charts: &Field<BTreeMap<String, ChartModel>>,
        cluster: Option<&str>,
        parent: &AttributePath,
    ) -> BTreeMap<String, Value> {
        self.labelled(charts, |reader, label, chart| {
            let path = parent.clone().attribute("chart").key(label).attribute("values");
            reader.yaml(&chart.values, path, Loose::new(cluster, Some(label)))
        })
    }

    /// The documents with secrets of each chart, for one cluster or for all of them. A label that names no chart is refused by a rule.
    pub fn sensitive_charts(
        &mut self,
        charts: &Field<BTreeMap<String, ChartModel>>,
        cluster: Option<&str>,
        parent: &AttributePath,
    ) -> Vec<SensitiveDocument> {
        let mut documents = Vec::new();
        for (label, model) in charts.as_known().into_iter().flatten() {
            let Ok(chart) = label.parse::<ChartName>() else { continue };
            let field = cluster.map(FieldPath::member).unwrap_or_default().then("chart").key(label);
            let layer = if cluster.is_some() { Layer::Member } else { Layer::Mesh };
            let purpose = Purpose { names: sensitive::VALUES, chart, layer, field };
            let path = parent.clone().attribute("chart").key(label);
            documents.extend(self.sensitive(model.sensitive(), &purpose, &path));
        }
        documents
    }
}

impl ChartModel {
    fn sensitive(&self) -> SensitiveFields<'_> {
        SensitiveFields {
            kept: &self.sensitive_values,
            write_only: &self.sensitive_values_wo,
            version: &self.sensitive_values_wo_version,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charts_come_from_istios_own_repository_unless_another_is_named() {
        let named = |repository: Field<String>| Field::Known(ChartSourceModel { repository });
        let official = Field::from(OFFICIAL_CHARTS);
        assert_eq!(repository(&Field::Null), official);
        assert_eq!(repository(&named(Field::Null)), official);
        assert_eq!(repository(&named("charts".into())), "charts".into());
        assert_eq!(repository(&named(Field::Unknown)), Field::Unknown);
        assert_eq!(repository(&Field::Unknown), Field::Unknown);
    }
}

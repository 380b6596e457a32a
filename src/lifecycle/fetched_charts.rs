//! The charts of a resource, each of which stays what it was when state first knew it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::future::try_join_all;
use tfplugin::{AttributePath, Diagnostic, Field};

use super::field_maps::Texts;
use super::recorded::Recorded;
use crate::charts::{self, Fetched};
use crate::diagnostics;
use crate::mesh::{ChartName, ChartVersion, Member};
use crate::provider_data::ProviderData;

/// Charts, by name and version.
pub struct FetchedCharts(BTreeMap<String, Arc<Fetched>>);

impl FetchedCharts {
    /// Fetches the charts that these members need from this repository. One whose digest is recorded for it must still be the same.
    ///
    /// # Errors
    /// A chart cannot be fetched, or has changed.
    pub async fn fetch<'a>(
        repository: &str,
        members: impl Iterator<Item = &'a Member>,
        recorded: &Recorded,
        data: &ProviderData,
    ) -> Result<Self, Diagnostic> {
        let is_pinned = recorded.repository.as_deref() == Some(repository);
        let wanted = members.flat_map(|member| {
            let version = member.version();
            member.charts().map(move |chart| (key(chart, version), (chart, version.clone())))
        });
        let wanted: BTreeMap<_, _> = wanted.collect();
        let fetches = wanted.into_iter().map(|(key, (chart, version))| async move {
            let pin = recorded.chart_digests.get(&key).filter(|_| is_pinned);
            let fetched =
                data.charts.fetch(repository, chart.as_str(), &version, pin.map(String::as_str)).await;
            fetched.map(|fetched| (key, fetched)).map_err(|error| cannot_fetch(chart, &version, &error))
        });
        Ok(Self(try_join_all(fetches).await?.into_iter().collect()))
    }

    /// Digest of each chart, by `"<chart>-<version>"`.
    pub fn digests(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(key, fetched)| (key.clone(), fetched.digest.clone())).collect()
    }

    /// The chart of this name for a member, if it needs it.
    pub fn get(&self, name: ChartName, member: &Member) -> Option<&helm_template::Chart> {
        self.0.get(&key(name, member.version())).map(|fetched| &fetched.chart)
    }

    /// All charts of a member.
    ///
    /// # Errors
    /// One of them was not fetched.
    pub fn of(&self, member: &Member) -> Result<BTreeMap<ChartName, &helm_template::Chart>, Diagnostic> {
        let charts = member.charts().map(|name| {
            let chart = self.get(name, member).ok_or_else(|| {
                let key = key(name, member.version());
                Diagnostic::error(format!("Chart {key} was not fetched"), "This is a bug in the provider.")
            })?;
            Ok((name, chart))
        });
        charts.collect()
    }

    /// Charts that a test has read.
    #[cfg(test)]
    pub fn read(charts: impl IntoIterator<Item = (ChartName, ChartVersion, Fetched)>) -> Self {
        let keyed = |(chart, version, fetched)| (key(chart, &version), Arc::new(fetched));
        Self(charts.into_iter().map(keyed).collect())
    }
}

/// The digests of a plan: those that are recorded. A chart that is fetched for the first time may be another one at apply.
pub fn pinned_digests(fetched: BTreeMap<String, String>, recorded: &BTreeMap<String, String>) -> Texts {
    let digests = fetched.into_iter().map(|(chart, digest)| {
        let is_recorded = recorded.get(&chart) == Some(&digest);
        (chart, if is_recorded { Field::Known(digest) } else { Field::Unknown })
    });
    Field::Known(digests.collect())
}

fn key(chart: ChartName, version: &ChartVersion) -> String {
    format!("{chart}-{version}")
}

fn cannot_fetch(chart: ChartName, version: &ChartVersion, error: &charts::Error) -> Diagnostic {
    let path = AttributePath::new("chart_source").attribute("repository");
    let summary = format!("Cannot fetch chart {chart} {version}");
    diagnostics::failure(summary, error, &error.way_out(), Some(path))
}

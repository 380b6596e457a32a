//! What of a chart's objects depends on documents with secrets.
//!
//! A chart is rendered with one stand-in in place of every secret, then for each document with others in place of its own, and in the
//! end with what the documents say. Fields that differ depend on a secret. Which objects there are must depend on none: without the
//! documents, with any stand-in and with the secrets there are the same, so that a plan knows them while a secret is unknown.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::error::RenderError;
use super::of_chart::OfChart;
use super::values;
use crate::desired::{Sensitive, StandIns, Varied, WriteOnly, object};
use crate::mesh::{
    ChartRelease, DerivedValue, Layer, Member, MeshIdentity, SensitiveDocument, sensitive_documents,
};

/// The objects of a chart, each with what of it is secret.
pub(super) struct Variants {
    pub(super) objects: Vec<(Arc<Value>, Option<Arc<Sensitive>>)>,
    pub(super) write_only: Vec<(String, WriteOnly)>,
}

/// A document, and what is written in its place.
struct Replaced<'a> {
    document: &'a SensitiveDocument,
    name: String,
    stand_ins: StandIns,
    /// What it says; a stand-in where a plan need not know.
    values: Value,
}

impl Variants {
    /// `None` for a chart without such documents.
    pub(super) fn of(chart: &OfChart<'_>) -> Result<Option<Self>, RenderError> {
        let documents = sensitive_documents(chart.identity, chart.member, chart.release);
        if documents.is_empty() {
            return Ok(None);
        }
        let shown: Vec<(Layer, Value)> = values::shown(chart.identity, chart.member, chart.release);
        let shown: Vec<&Value> = shown.iter().map(|(_, document)| document).collect();
        let replaced = documents.iter().map(|document| Replaced::of(document, &shown, chart));
        match replaced.collect::<Option<Vec<_>>>() {
            Some(replaced) => Self::known(chart, &replaced).map(Some),
            None => Self::unknown(chart).map(Some),
        }
    }

    /// While a document is not known, no more can be said than which objects there are.
    fn unknown(chart: &OfChart<'_>) -> Result<Self, RenderError> {
        let objects = chart.objects(&[])?.into_iter().map(|object| {
            let sensitive = Sensitive {
                shown: object.clone(),
                varied: Vec::new(),
                without_write_only: None,
                is_unknown: true,
            };
            (object, Some(Arc::new(sensitive)))
        });
        Ok(Self { objects: objects.collect(), write_only: Vec::new() })
    }

    fn known(chart: &OfChart<'_>, replaced: &[Replaced<'_>]) -> Result<Self, RenderError> {
        let shown = Self::with_stand_ins(chart, replaced, None)?;
        // A chart may need a value that only such a document has; then it says so where that is unknown.
        if let Ok(without) = chart.objects(&[]) {
            same_objects(chart, replaced, &shown, &without)?;
        }
        let mut others = Vec::new();
        for one in replaced {
            let objects = Self::with_stand_ins(chart, replaced, Some(one))?;
            same_objects(chart, std::slice::from_ref(one), &shown, &objects)?;
            others.push(objects);
        }
        let last = Self::with_secrets(chart, replaced, &shown, |_| true)?;
        let has = |is_write_only| replaced.iter().any(|one| one.document.version.is_some() == is_write_only);
        let partial = if has(true) && has(false) {
            Some(Self::with_secrets(chart, replaced, &shown, |one| one.document.version.is_none())?)
        } else {
            None
        };
        let objects = last.into_iter().zip(shown).enumerate().map(|(position, (object, shown))| {
            let varied = replaced.iter().zip(&others).map(|(one, objects)| Varied {
                document: one.name.clone(),
                version: one.document.version,
                object: objects[position].clone(),
            });
            let varied: Vec<Varied> = varied.collect();
            let is_sensitive = object != shown || varied.iter().any(|varied| varied.object != shown);
            let without_write_only = partial.as_ref().map(|objects| objects[position].clone());
            let sensitive = Sensitive { shown, varied, without_write_only, is_unknown: false };
            (object, is_sensitive.then(|| Arc::new(sensitive)))
        });
        let write_only = replaced.iter().filter_map(|one| {
            let version = one.document.version?;
            Some((one.name.clone(), WriteOnly::new(version, one.stand_ins.clone())))
        });
        Ok(Self { objects: objects.collect(), write_only: write_only.collect() })
    }

    /// The objects with what those documents say for which `is_given`, and stand-ins for the others.
    fn with_secrets(
        chart: &OfChart<'_>,
        replaced: &[Replaced<'_>],
        shown: &[Arc<Value>],
        is_given: impl Fn(&Replaced<'_>) -> bool,
    ) -> Result<Vec<Arc<Value>>, RenderError> {
        let documents = replaced.iter().map(|one| {
            let values = if is_given(one) { &one.values } else { &one.stand_ins.one };
            (one.document.layer, values.clone())
        });
        // The cause may quote a secret.
        let objects =
            chart.objects(&documents.collect::<Vec<_>>()).map_err(|_| Self::refused(chart, replaced))?;
        same_objects(chart, replaced, shown, &objects)?;
        Ok(objects)
    }

    /// The objects with stand-ins, the other ones in place of the secrets of `varied`.
    fn with_stand_ins(
        chart: &OfChart<'_>,
        replaced: &[Replaced<'_>],
        varied: Option<&Replaced<'_>>,
    ) -> Result<Vec<Arc<Value>>, RenderError> {
        let documents = replaced.iter().map(|one| {
            let is_varied = varied.is_some_and(|varied| varied.name == one.name);
            let StandIns { one: usual, other } = &one.stand_ins;
            (one.document.layer, if is_varied { other.clone() } else { usual.clone() })
        });
        chart.objects(&documents.collect::<Vec<_>>()).map_err(|source| RenderError::StandIn {
            cluster: chart.member.name().clone(),
            chart: chart.release.chart(),
            documents: fields(replaced),
            source: Box::new(source),
        })
    }

    fn refused(chart: &OfChart<'_>, replaced: &[Replaced<'_>]) -> RenderError {
        RenderError::Secret {
            cluster: chart.member.name().clone(),
            chart: chart.release.chart(),
            documents: fields(replaced),
        }
    }
}

impl<'a> Replaced<'a> {
    /// `None` while the document is not known.
    fn of(document: &'a SensitiveDocument, shown: &[&Value], chart: &OfChart<'_>) -> Option<Self> {
        // A chart that is installed twice is two, and keeps each for itself.
        let name = format!("{}/{}", chart.release.name(), document.name());
        let (stand_ins, values) = if let Some(kept) = chart.kept.document(&name, document.version) {
            (kept.stand_ins.clone(), kept.values().unwrap_or(&kept.stand_ins.one).clone())
        } else {
            let given = document.values()?;
            (StandIns::of(&given, shown), given)
        };
        Some(Self { document, name, stand_ins, values })
    }
}

/// The values of a chart in one cluster as everybody may see them, with a stand-in in place of every secret that is known: what rules are
/// checked on and messages quote.
pub fn values_with_stand_ins(
    identity: &MeshIdentity,
    member: &Member,
    release: ChartRelease,
    derived: &[DerivedValue],
) -> Map<String, Value> {
    let shown = values::shown(identity, member, release);
    let shown: Vec<&Value> = shown.iter().map(|(_, document)| document).collect();
    let documents = sensitive_documents(identity, member, release).into_iter();
    let documents = documents
        .filter_map(|document| Some((document.layer, StandIns::of(&document.values()?, &shown).one)));
    let documents: Vec<_> = documents.collect();
    values::compose(identity, member, release, derived, &documents).entries().clone()
}

fn fields(replaced: &[Replaced<'_>]) -> Vec<String> {
    replaced.iter().map(|one| one.document.field.to_string()).collect()
}

/// A secret must not decide which objects there are. Only names that come from no secret are told.
fn same_objects(
    chart: &OfChart<'_>,
    replaced: &[Replaced<'_>],
    shown: &[Arc<Value>],
    others: &[Arc<Value>],
) -> Result<(), RenderError> {
    let is_among =
        |object: &Arc<Value>, all: &[Arc<Value>]| all.iter().any(|other| object::is_same(object, other));
    let is_same = shown.len() == others.len()
        && shown.iter().zip(others).all(|(one, other)| object::is_same(one, other));
    if is_same {
        return Ok(());
    }
    let missing = shown.iter().filter(|object| !is_among(object, others));
    Err(RenderError::SecretDecides {
        cluster: chart.member.name().clone(),
        chart: chart.release.chart(),
        documents: fields(replaced),
        objects: missing.map(|object| object::describe(object)).collect(),
    })
}

#[cfg(test)]
mod tests;

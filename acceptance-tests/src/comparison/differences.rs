//! The list of deliberate differences, and what it may not hold.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::Objects;

/// What stands for an object that only one side has, as a field of it.
const OBJECT: &str = "";
const THERE: &str = "there";

/// How the provider's own records are named: neither Kubernetes nor Istio reads what they say of networks and ports.
const BOOK: &str = "ConfigMap istio-system/terraform-provider-istio-";

/// Differences that are meant, each with a reason.
#[derive(Debug)]
pub struct Differences {
    entries: Vec<Entry>,
}

/// One of them. Every text but the reason is a pattern, in which `*` is any text.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// `Kind namespace/name`.
    object: String,
    /// The field; without it, the object is on one side only.
    #[serde(default)]
    field: String,
    /// What the official commands make; without it, they make nothing.
    official: Option<String>,
    /// What we make; without it, we make nothing.
    ours: Option<String>,
    /// Whether it is found only where the clusters are on several networks.
    #[serde(default)]
    across_networks: bool,
    reason: String,
    #[serde(skip)]
    used: Cell<bool>,
}

#[derive(Deserialize)]
struct File {
    difference: Vec<Entry>,
}

/// One difference that was found.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    object: String,
    field: String,
    official: Option<String>,
    ours: Option<String>,
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let field = if self.field == OBJECT { "the object" } else { &self.field };
        write!(f, "{}: {field}: official {}, ours {}", self.object, side(&self.official), side(&self.ours))
    }
}

impl Differences {
    /// Reads the list, for clusters that are on one network or on several.
    ///
    /// # Errors
    /// An entry that gives no reason, or that would allow what no reason allows.
    pub fn parse(text: &str, on_several_networks: bool) -> Result<Self, String> {
        let File { difference: entries } = toml::from_str(text).map_err(|error| error.to_string())?;
        for Entry { object, field, official, ours, reason, .. } in &entries {
            let named = format!("{object}: {field}");
            if reason.trim().len() < 20 {
                return Err(format!("{named} has no reason"));
            }
            if official.is_none() && ours.is_none() {
                return Err(format!("{named} says neither what is official nor what is ours"));
            }
            if decides_where_calls_go(object, field) || field == "*" {
                return Err(format!("{named} may not differ for any reason"));
            }
        }
        let found_here = |entry: &Entry| on_several_networks || !entry.across_networks;
        Ok(Self { entries: entries.into_iter().filter(found_here).collect() })
    }

    /// What differs in a cluster and is not in the list, or may not be in it.
    pub fn unexplained(&self, official: &Objects, ours: &Objects) -> Vec<Found> {
        let mut unexplained = Vec::new();
        for name in official.names(ours) {
            let found = compare(name, official.0.get(name), ours.0.get(name));
            unexplained.extend(found.into_iter().filter(|found| !self.explains(found)));
        }
        unexplained
    }

    fn explains(&self, found: &Found) -> bool {
        let explaining = self.entries.iter().filter(|entry| entry.matches(found));
        let explained = explaining.map(|entry| entry.used.set(true)).count() > 0;
        explained && !decides_where_calls_go(&found.object, &found.field)
    }

    /// What the list has and nobody found.
    pub fn unused(&self) -> Vec<String> {
        let unused = self.entries.iter().filter(|entry| !entry.used.get());
        unused.map(|entry| format!("{}: {}", entry.object, entry.field)).collect()
    }
}

impl Entry {
    fn matches(&self, found: &Found) -> bool {
        let side = |pattern: &Option<String>, value: &Option<String>| match (pattern, value) {
            (Some(pattern), Some(value)) => fits(pattern, value),
            (None, None) => true,
            _ => false,
        };
        fits(&self.object, &found.object)
            && fits(&self.field, &found.field)
            && side(&self.official, &found.official)
            && side(&self.ours, &found.ours)
    }
}

type Fields = BTreeMap<String, String>;

fn compare(object: &str, official: Option<&Fields>, ours: Option<&Fields>) -> Vec<Found> {
    let found = |field: &str, official: Option<&str>, ours: Option<&str>| Found {
        object: object.to_owned(),
        field: field.to_owned(),
        official: official.map(str::to_owned),
        ours: ours.map(str::to_owned),
    };
    let (Some(official), Some(ours)) = (official, ours) else {
        let lonely = official.or(ours).into_iter().flat_map(Fields::keys);
        // Such an object may be meant, what it says of where calls go may not.
        let forbidden = lonely.filter(|field| decides_where_calls_go(object, field));
        let there = |side: Option<&Fields>| side.map(|_| THERE);
        let whole = found(OBJECT, there(official), there(ours));
        return forbidden.map(|field| found(field, there(official), there(ours))).chain([whole]).collect();
    };
    let mut fields: Vec<&String> = official.keys().chain(ours.keys()).collect();
    fields.sort_unstable();
    fields.dedup();
    let differing = fields.into_iter().filter(|field| official.get(*field) != ours.get(*field));
    let value = |side: &'_ Fields, field: &String| side.get(field).cloned();
    differing
        .map(|field| found(field, value(official, field).as_deref(), value(ours, field).as_deref()))
        .collect()
}

/// Selectors, ports, rules of webhooks and labels of networks.
fn decides_where_calls_go(object: &str, field: &str) -> bool {
    if object.starts_with(BOOK) {
        return false;
    }
    let is_webhook = object.contains("WebhookConfiguration");
    field.to_lowercase().split(['.', '[', ']', '=', '/']).any(|word| {
        word.contains("selector")
            || ["matchlabels", "matchexpressions"].contains(&word)
            || word.ends_with("port")
            || word.ends_with("ports")
            || (word.contains("network") && word != "networking")
            || (is_webhook && word == "rules")
    })
}

/// Whether a text fits a pattern in which `*` is any text.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    let ends = rest.char_indices().map(|(place, _)| place).chain([rest.len()]);
    ends.into_iter().any(|place| fits(after, &rest[place..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = r#"
[[difference]]
object = "Service a/*"
field = "metadata.labels.by"
official = "Helm"
ours = "us"
reason = "who manages it is who made it"

[[difference]]
object = "Secret a/release.*"
official = "there"
reason = "Helm's own record of what it did"
"#;

    fn objects(objects: &[(&str, &[(&str, &str)])]) -> Objects {
        let owned = |fields: &[(&str, &str)]| {
            fields.iter().map(|(field, value)| ((*field).to_owned(), (*value).to_owned())).collect()
        };
        Objects(objects.iter().map(|(name, fields)| ((*name).to_owned(), owned(fields))).collect())
    }

    fn shown(found: &[Found]) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_in_the_list_is_explained_and_nothing_else() {
        let list = Differences::parse(LIST, true).unwrap();
        let official = objects(&[
            ("Service a/b", &[("metadata.labels.by", "Helm"), ("spec.type", "LoadBalancer")]),
            ("Secret a/release.1", &[("data.release", "x")]),
        ]);
        let ours = objects(&[("Service a/b", &[("metadata.labels.by", "us"), ("spec.type", "NodePort")])]);
        let found = list.unexplained(&official, &ours);
        assert_eq!(shown(&found), ["Service a/b: spec.type: official LoadBalancer, ours NodePort"]);
        assert!(list.unused().is_empty());
        let swapped = list.unexplained(&ours, &official);
        assert_eq!(swapped.len(), 3, "{swapped:?}");
    }

    #[test]
    fn an_entry_that_nothing_needs_is_told() {
        let list = Differences::parse(LIST, true).unwrap();
        let official = objects(&[("Service a/b", &[("metadata.labels.by", "Helm")])]);
        let ours = objects(&[("Service a/b", &[("metadata.labels.by", "us")])]);
        assert!(list.unexplained(&official, &ours).is_empty());
        assert_eq!(list.unused(), ["Secret a/release.*: "]);
    }

    #[test]
    fn an_entry_for_several_networks_counts_only_there() {
        let text = LIST.to_owned() + "across_networks = true\n";
        let official = objects(&[("Secret a/release.1", &[])]);
        for (on_several_networks, unexplained) in [(true, 0), (false, 1)] {
            let list = Differences::parse(&text, on_several_networks).unwrap();
            assert_eq!(list.unexplained(&official, &objects(&[])).len(), unexplained);
            assert_eq!(list.unused(), ["Service a/*: metadata.labels.by"]);
        }
    }

    #[test]
    fn no_reason_allows_another_selector_port_rule_or_network() {
        let entry = |object: &str, field: &str| {
            format!(
                "[[difference]]\nobject = \"{object}\"\nfield = \"{field}\"\nours = \"*\"\nreason = \"because it is meant so\"\n"
            )
        };
        for (object, field) in [
            ("Service a/b", "spec.selector.app"),
            ("Service a/b", "spec.ports[name=tls].port"),
            ("Deployment a/b", "spec.template.spec.containers[name=c].readinessProbe.httpGet.port"),
            ("MutatingWebhookConfiguration a", "webhooks[name=b].rules[0].resources[0]"),
            ("MutatingWebhookConfiguration a", "webhooks[name=b].namespaceSelector.matchLabels.c"),
            ("Namespace a", "metadata.labels[topology.istio.io/network]"),
            ("Namespace a", "*"),
        ] {
            let error = Differences::parse(&entry(object, field), true).unwrap_err();
            assert!(error.ends_with("may not differ for any reason"), "{error}");
        }
        // Nor does a pattern that says it in other words.
        let list = Differences::parse(&entry("Service *", "spec.sel*"), true).unwrap();
        let (official, ours) =
            (objects(&[("Service a/b", &[])]), objects(&[("Service a/b", &[("spec.selector.app", "x")])]));
        assert_eq!(list.unexplained(&official, &ours).len(), 1);
        // Nor an object that only one side has.
        let list = Differences::parse(&entry("Service *", ""), true).unwrap();
        let found = list.unexplained(&objects(&[]), &ours);
        assert_eq!(shown(&found), ["Service a/b: spec.selector.app: official nothing, ours there"]);
        // But what nobody else reads may be meant.
        let record = "ConfigMap istio-system/terraform-provider-istio-mesh";
        let list = Differences::parse(&entry(record, ""), true).unwrap();
        let ours = objects(&[(record, &[("data[setting.configuration].primary.east.network", "a")])]);
        assert_eq!(list.unexplained(&objects(&[]), &ours), []);
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        let text = LIST.replace("Helm's own record of what it did", "because");
        assert!(Differences::parse(&text, true).unwrap_err().ends_with("has no reason"));
    }

    #[test]
    fn a_pattern_fits_any_text_where_it_has_a_star() {
        assert!(fits("a*c", "abc") && fits("*", "") && fits("a*b*", "axbx") && fits("abc", "abc"));
        assert!(!fits("a*c", "ab") && !fits("abc", "abcd") && !fits("*b", "a"));
    }
}

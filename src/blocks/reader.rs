//! Reads the fields of blocks, and notes on the way what is unknown and what cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};

use super::stand_in::{Loose, StandIn};
use crate::clusters;
use crate::diagnostics;

/// Reads fields, with one stand-in for whatever is unknown.
#[derive(Debug, Default)]
pub struct Reader {
    pub(super) stand_in: StandIn,
    /// What one of the networks that are known says.
    network: Option<String>,
    unknown: usize,
    is_shapeless: bool,
    loose: Vec<Loose>,
    diagnostics: Diagnostics,
}

/// What was noted on the way.
#[derive(Debug)]
pub struct Notes {
    /// Whether everything was known.
    pub is_known: bool,
    /// Whether something is unknown that nothing can stand in for.
    pub is_shapeless: bool,
    /// Objects of which nothing can be said.
    pub loose: Vec<Loose>,
    /// What should be said of what was read.
    pub warnings: Diagnostics,
}

impl Reader {
    /// A reader with this stand-in for what is unknown; `network` is what one of the networks that are known says.
    pub fn new(stand_in: StandIn, network: Option<String>) -> Self {
        Self { stand_in, network, ..Self::default() }
    }

    /// How many values were unknown so far.
    pub fn unknown(&self) -> usize {
        self.unknown
    }

    /// What was noted.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn notes(self) -> Result<Notes, Diagnostics> {
        if self.diagnostics.has_errors() {
            return Err(self.diagnostics);
        }
        Ok(Notes {
            is_known: self.unknown == 0,
            is_shapeless: self.is_shapeless,
            loose: self.loose,
            warnings: self.diagnostics,
        })
    }

    /// A reader of a block that counts only if it is wholly known.
    pub(super) fn inside(&self) -> Self {
        Self::new(self.stand_in, None)
    }

    /// Takes over what such a reader has noted; whether its block is wholly known.
    pub(super) fn take(&mut self, inside: Self) -> bool {
        self.diagnostics.extend(inside.diagnostics);
        self.unknown += inside.unknown;
        inside.unknown == 0
    }

    /// A setting that the provider's own connections have, too, and that is read in the same way.
    pub(super) fn setting(
        &mut self,
        field: &Field<String>,
        parse: impl Fn(&str) -> Result<String, clusters::Problem>,
        path: AttributePath,
    ) -> Option<String> {
        // Nothing stands in for a text that has to be read.
        match parse(&self.value(field, None)?) {
            Ok(value) => Some(value),
            Err(problem) => {
                let summary = format!("Invalid value of {path}");
                self.diagnostics.push(diagnostics::failure(
                    summary,
                    &problem,
                    &problem.way_out(),
                    Some(path),
                ));
                None
            }
        }
    }

    /// Blocks with labels, by label.
    pub fn labelled<M, T>(
        &mut self,
        blocks: &Field<BTreeMap<String, M>>,
        mut read: impl FnMut(&mut Self, &str, &M) -> T,
    ) -> BTreeMap<String, T> {
        let blocks = self.block(blocks).into_iter().flatten();
        blocks.map(|(label, block)| (label.clone(), read(self, label, block))).collect()
    }

    /// A block or a collection of blocks. Nothing stands in for one that may not be there.
    pub fn block<'a, T>(&mut self, block: &'a Field<T>) -> Option<&'a T> {
        self.is_shapeless |= block.is_unknown();
        self.unknown += usize::from(block.is_unknown());
        block.as_known()
    }

    /// The value, or what stands in for it.
    fn value<T>(&mut self, field: &Field<T>, stand_in: Option<T>) -> Option<T>
    where
        T: Clone,
    {
        match field {
            Field::Known(value) => Some(value.clone()),
            Field::Null => None,
            Field::Unknown => {
                self.unknown += 1;
                stand_in
            }
        }
    }

    /// A text that may not be set.
    pub fn text(&mut self, field: &Field<String>) -> Option<String> {
        self.value(field, self.stand_in.text())
    }

    /// A text that is always set, and of its own; but once it says the same as `other`.
    pub fn name(&mut self, field: &Field<String>, other: Option<&str>) -> Option<String> {
        let stand_in = self.stand_in.name(self.unknown, other);
        self.value(field, Some(stand_in))
    }

    /// The name of a network.
    pub fn network(&mut self, field: &Field<String>) -> Option<String> {
        let other = self.network.clone();
        self.name(field, other.as_deref())
    }

    /// One of a few texts.
    pub fn choice(&mut self, field: &Field<String>, choices: [Option<&str>; 3]) -> Option<String> {
        self.value(field, self.stand_in.choice(choices).map(str::to_owned))
    }

    /// What decides which charts there are, or which rules hold.
    pub fn decisive(&mut self, field: &Field<String>) -> Option<String> {
        self.is_shapeless |= field.is_unknown();
        self.value(field, None)
    }

    /// What chooses between values that only the charts know.
    pub fn profile(&mut self, field: &Field<String>) -> Option<String> {
        if field.is_unknown() {
            self.loose.push(Loose::ALL);
        }
        self.value(field, None)
    }

    /// A number that may not be set.
    pub fn number(&mut self, field: &Field<i64>) -> Option<i64> {
        self.value(field, self.stand_in.number())
    }

    /// A switch that may not be set.
    pub fn switch(&mut self, field: Field<bool>) -> Option<bool> {
        self.value(&field, self.stand_in.switch())
    }

    /// Texts, each of them once.
    pub fn texts(&mut self, set: &Field<BTreeSet<Field<String>>>) -> BTreeSet<String> {
        let stand_in = self.stand_in.text();
        self.set(set, stand_in.as_deref())
    }

    /// Ranges of addresses from which a load balancer takes connections.
    pub fn ranges(&mut self, set: &Field<BTreeSet<Field<String>>>) -> BTreeSet<String> {
        let stand_in = self.stand_in.choice([Some("192.0.2.0/24"), Some("198.51.100.0/24"), None]);
        self.set(set, stand_in)
    }

    /// Texts that are only checked: one that is unknown is left out.
    pub fn known_texts(&mut self, set: &Field<BTreeSet<Field<String>>>) -> BTreeSet<String> {
        self.set(set, None)
    }

    /// Texts of which there is one at least.
    pub fn own_texts(&mut self, set: &Field<BTreeSet<Field<String>>>) -> BTreeSet<String> {
        let stand_in = self.stand_in.name(self.unknown, None);
        self.set(set, Some(&stand_in))
    }

    fn set(&mut self, set: &Field<BTreeSet<Field<String>>>, stand_in: Option<&str>) -> BTreeSet<String> {
        let stand_in = stand_in.map(str::to_owned);
        let whole = stand_in.iter().cloned().map(Field::Known).collect();
        let items = self.value(set, Some(whole)).into_iter().flatten();
        items.filter_map(|item| self.value(&item, stand_in.clone())).collect()
    }

    /// Texts by name.
    pub fn map(&mut self, map: &Field<BTreeMap<String, Field<String>>>) -> BTreeMap<String, String> {
        let text = self.stand_in.text();
        let whole = text.iter().map(|text| (text.clone(), Field::Known(text.clone()))).collect();
        let items = self.value(map, Some(whole)).into_iter().flatten();
        items.filter_map(|(name, value)| Some((name, self.value(&value, text.clone())?))).collect()
    }

    /// A YAML document: a mapping, or nothing at all. While it is unknown, nothing can be said of the objects that are loose.
    pub fn yaml(&mut self, field: &Field<String>, path: AttributePath, loose: Loose) -> Value {
        if field.is_unknown() {
            self.loose.push(loose);
        }
        let Some(text) = self.value(field, None) else { return Value::Null };
        match helm_template::yaml::parse(&text) {
            Ok(value @ (Value::Object(_) | Value::Null)) => value,
            Ok(_) => {
                self.diagnostics.push(not_a_mapping(path));
                Value::Null
            }
            Err(error) => {
                let summary = format!("{path} is not valid YAML");
                let way_out = "Define the values as a map and let yamlencode(…) do the quoting.";
                self.diagnostics.push(diagnostics::failure(summary, &error, way_out, Some(path)));
                Value::Null
            }
        }
    }
}

impl Reader {
    /// Says of a text that must not be quoted that it is no mapping.
    pub(super) fn refuse_hidden(&mut self, path: &AttributePath) {
        let detail = "It must be YAML of a mapping of names to values, such as yamlencode({ name = \"value\" }). Its text is not \
                      quoted here because it is sensitive.";
        let summary = format!("{path} is not a mapping in YAML");
        self.diagnostics.push(Diagnostic::error(summary, detail).at(path.clone()));
    }
}

fn not_a_mapping(path: AttributePath) -> Diagnostic {
    let detail = "The text is valid YAML, but a list or a single value. Values are a mapping of names to values, such as \
                  yamlencode({ name = \"value\" }).";
    Diagnostic::error(format!("{path} is not a mapping"), detail).at(path)
}

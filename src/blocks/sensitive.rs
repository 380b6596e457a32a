//! Documents that are not shown, beside those that are: schema, model and reading of `sensitive_values`, `sensitive_values_wo` and its
//! version, and of the same for the mesh configuration.

use std::fmt;

use serde_json::Value;
use tfplugin::schema::Attribute;
use tfplugin::{AttributePath, Field};

use super::reader::Reader;
use crate::mesh::{ChartName, FieldPath, Layer, SensitiveDocument};

/// Names of the attributes that belong together.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// The document that is shown.
    shown: &'static str,
    /// The one that is kept in state only.
    kept: &'static str,
    /// The one that nobody keeps.
    write_only: &'static str,
    /// Which content that is.
    version: &'static str,
}

/// Those for the values of a chart.
pub const VALUES: Names = Names {
    shown: "values",
    kept: "sensitive_values",
    write_only: "sensitive_values_wo",
    version: "sensitive_values_wo_version",
};

/// Those for the mesh configuration.
pub const MESH_CONFIG: Names = Names {
    shown: "mesh_config",
    kept: "sensitive_mesh_config",
    write_only: "sensitive_mesh_config_wo",
    version: "sensitive_mesh_config_wo_version",
};

/// A text that is not shown, also where a model is printed.
#[derive(Clone, Copy)]
pub(super) struct Hidden<'a>(pub(super) &'a Field<String>);

impl fmt::Debug for Hidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Field::Known(_) => "Known(hidden)",
            Field::Null => "Null",
            Field::Unknown => "Unknown",
        })
    }
}

/// The attributes, with their names.
pub fn attributes(names: Names) -> [(&'static str, Attribute); 3] {
    let Names { shown, kept, write_only, version } = names;
    [
        (
            kept,
            Attribute::string(format!(
                "The same as `{shown}` for settings that hold secrets, merged over `{shown}` as Helm merges several values files. \
                 In `manifests`, every field that depends on them is shown as a keyed fingerprint; the names of the keys are shown. \
                 Of what the provider stores, only this attribute in state has the content: use `{write_only}` to keep it out of \
                 state, too. Istio itself needs the content in the cluster, in the objects that its charts render.\n\n\
                 A secret must not decide which objects or fields exist; the plan rejects one that does. Write such settings in \
                 `{shown}`. If a list contains a secret, repeat the list in both documents: items that are equal in `{shown}` are not \
                 secret.",
            ))
            .optional()
            .sensitive(),
        ),
        (
            write_only,
            Attribute::string(format!(
                "The same as `{kept}`, but write-only: stored neither in state nor in a plan, so that it can come from an ephemeral \
                 resource. It is merged over `{kept}`. While `{version}` stays the same, an apply keeps the content that the \
                 cluster has, whatever is given here. Requires Terraform 1.11 or OpenTofu 1.11.",
            ))
            .optional()
            .write_only()
            .sensitive(),
        ),
        (
            version,
            Attribute::number(format!(
                "Version of `{write_only}` (default `0`). Increment it to apply new content: a change of the content alone is not \
                 detected. The content is also applied to clusters and objects that do not have it yet, and where someone has \
                 removed or changed every copy of it.",
            ))
            .optional(),
        ),
    ]
}

/// The three values of these attributes in one block.
#[derive(Clone, Copy)]
pub struct SensitiveFields<'a> {
    /// What is kept in state only.
    pub kept: &'a Field<String>,
    /// What nobody keeps.
    pub write_only: &'a Field<String>,
    /// Which content that is.
    pub version: &'a Field<i64>,
}

/// What the documents are for.
#[derive(Clone, Debug)]
pub struct Purpose {
    /// The names of their attributes.
    pub names: Names,
    /// The chart.
    pub chart: ChartName,
    /// What they are laid over.
    pub layer: Layer,
    /// The block that has them, as the domain names it.
    pub field: FieldPath,
}

impl Reader {
    /// The documents of one block; `path` is where the block is. One that is not known yet has no content.
    pub fn sensitive(
        &mut self,
        fields: SensitiveFields<'_>,
        purpose: &Purpose,
        path: &AttributePath,
    ) -> Vec<SensitiveDocument> {
        let Purpose { names, chart, layer, field } = purpose;
        let mut document = |text: &Field<String>, name: &'static str| {
            let content = match text {
                Field::Null => return None,
                Field::Unknown => None,
                Field::Known(text) => Some(self.hidden_yaml(text, &path.clone().attribute(name))),
            };
            Some(SensitiveDocument::new(*chart, *layer, field.then(name), content))
        };
        let kept = document(fields.kept, names.kept);
        let write_only = document(fields.write_only, names.write_only);
        let version = write_only.as_ref().and_then(|_| self.number(fields.version)).unwrap_or_default();
        kept.into_iter().chain(write_only.map(|document| document.write_only(version))).collect()
    }

    fn hidden_yaml(&mut self, text: &str, path: &AttributePath) -> Value {
        if let Ok(value @ (Value::Object(_) | Value::Null)) = helm_template::yaml::parse(text) {
            return value;
        }
        // What the parser says may quote the text.
        self.refuse_hidden(path);
        Value::Null
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::stand_in::StandIn;
    use super::*;

    fn read(
        kept: &Field<String>,
        write_only: &Field<String>,
        version: Field<i64>,
    ) -> (Reader, Vec<SensitiveDocument>) {
        let purpose = Purpose {
            names: VALUES,
            chart: ChartName::Istiod,
            layer: Layer::Mesh,
            field: FieldPath::attribute("chart").key("istiod"),
        };
        let mut reader = Reader::new(StandIn::default(), None);
        let fields = SensitiveFields { kept, write_only, version: &version };
        let documents = reader.sensitive(fields, &purpose, &AttributePath::new("chart").key("istiod"));
        (reader, documents)
    }

    #[test]
    fn a_document_and_its_write_only_form_are_two() {
        let (reader, documents) = read(&"a: 1".into(), &"b: 2".into(), Field::Null);
        let names: Vec<_> = documents.iter().map(SensitiveDocument::name).collect();
        assert_eq!(names, ["mesh", "mesh/write_only"]);
        assert_eq!(documents[1].version, Some(0), "a version that is not set is 0");
        assert_eq!(documents[1].values(), Some(json!({"b": 2})));
        assert!(reader.notes().unwrap().is_known);
    }

    #[test]
    fn what_is_not_known_yet_is_a_document_without_content() {
        let (reader, documents) = read(&Field::Unknown, &Field::Null, Field::Known(3));
        assert_eq!(documents.len(), 1);
        assert_eq!(documents[0].values(), None);
        assert!(reader.notes().unwrap().is_known, "nothing else depends on it");
    }

    #[test]
    fn an_error_does_not_quote_the_text() {
        for text in ["planted", "- planted", "a: [planted", "{planted"] {
            let (reader, _) = read(&text.into(), &Field::Null, Field::Null);
            let error = reader.notes().unwrap_err().into_iter().next().unwrap();
            assert!(error.summary.contains("sensitive_values"), "{error:?}");
            assert!(!format!("{error:?}").contains("planted"), "{error:?}");
        }
    }
}

//! What identifies a resource in its remote system (Terraform 1.12 and later).

use std::collections::BTreeMap;

use super::SchemaError;
use super::check::valid_name;
use crate::Type;

/// The schema of a resource's identity: a flat object that never changes while the resource lives.
///
/// ```
/// use tfplugin::schema::{IdentityAttribute, IdentitySchema};
/// use tfplugin::Type;
/// let schema = IdentitySchema::new()
///     .attribute("name", IdentityAttribute::required(Type::String, "The name."))
///     .attribute("region", IdentityAttribute::optional(Type::String, "Where, if not in the default region."));
/// ```
#[derive(Clone, Debug, Default)]
pub struct IdentitySchema {
    pub(crate) version: i64,
    pub(crate) attributes: BTreeMap<String, IdentityAttribute>,
    /// Names that were given twice: an error in the schema.
    doubled: Vec<String>,
}

/// An attribute of an identity: a `bool`, `number` or `string`, or a list of them.
#[derive(Clone, Debug)]
pub struct IdentityAttribute {
    pub(crate) ty: Type,
    pub(crate) description: String,
    pub(crate) required_for_import: bool,
}

impl IdentitySchema {
    /// An identity of version 0 without attributes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts the shapes of the identity: raise it when saved identities need an upgrade.
    #[must_use]
    pub fn version(mut self, version: i64) -> Self {
        self.version = version;
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, attribute: IdentityAttribute) -> Self {
        let name = name.into();
        if self.attributes.insert(name.clone(), attribute).is_some() {
            self.doubled.push(name);
        }
        self
    }

    /// The type of the identity.
    pub fn object_type(&self) -> Type {
        Type::object(self.attributes.iter().map(|(name, attribute)| (name.clone(), attribute.ty.clone())))
    }

    /// Checks what Terraform core asks of an identity.
    pub fn check(&self) -> Result<(), SchemaError> {
        let error = |name: &str, problem| Err(SchemaError { path: name.to_owned(), problem });
        if let Some(name) = self.doubled.first() {
            return error(name, "the name is used twice in the identity");
        }
        if self.attributes.values().all(|attribute| !attribute.required_for_import) {
            return error("identity", "an identity has an attribute that an import requires");
        }
        for (name, attribute) in &self.attributes {
            if !valid_name(name) {
                return error(name, "a name has lower-case letters, digits and underscores only");
            }
            let flat = match &attribute.ty {
                Type::List(element) => is_primitive(element),
                ty => is_primitive(ty),
            };
            if !flat {
                return error(name, "an identity has only bools, numbers, strings and lists of them");
            }
        }
        Ok(())
    }
}

fn is_primitive(ty: &Type) -> bool {
    matches!(ty, Type::Bool | Type::Number | Type::String)
}

impl IdentityAttribute {
    /// An import by identity must give it. The description is plain text.
    pub fn required(ty: Type, description: impl Into<String>) -> Self {
        Self { ty, description: description.into(), required_for_import: true }
    }

    /// An import by identity may give it: the provider knows what else to take. The description is plain text.
    pub fn optional(ty: Type, description: impl Into<String>) -> Self {
        Self { required_for_import: false, ..Self::required(ty, description) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_names_the_attribute() {
        let required = |ty| IdentityAttribute::required(ty, "");
        let problem = |schema: IdentitySchema| schema.check().unwrap_err().to_string();
        let name = || IdentitySchema::new().attribute("name", required(Type::String));
        name().attribute("tags", required(Type::list(Type::Number))).check().unwrap();
        assert!(problem(IdentitySchema::new()).starts_with("identity: "));
        let optional = IdentityAttribute::optional(Type::String, "");
        assert!(problem(IdentitySchema::new().attribute("a", optional)).contains("requires"));
        assert!(problem(name().attribute("A", required(Type::String))).starts_with("A: a name"));
        assert!(
            problem(name().attribute("m", required(Type::map(Type::String)))).starts_with("m: an identity")
        );
        assert!(problem(name().attribute("name", required(Type::Bool))).contains("twice"));
    }
}

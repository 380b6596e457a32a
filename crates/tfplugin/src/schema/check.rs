//! The rules that Terraform core enforces when it loads a provider's schema, checked on our side first.

use super::{Attribute, Block, Mode, NestedBlock, Nesting, Schema};

/// A schema that Terraform would refuse: a fault in the provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {problem}")]
pub struct SchemaError {
    /// The attribute or block, such as `cluster.host`.
    pub path: String,
    /// The broken rule.
    pub problem: &'static str,
}

impl Schema {
    /// Checks what Terraform core checks (`configschema`'s internal validation), and what our defaults need.
    pub fn check(&self) -> Result<(), SchemaError> {
        check_block(&self.block, "")
    }

    /// Checks, besides, that the user sets everything in it: there is nobody to compute a value of a list or an action.
    pub(crate) fn check_configuration_only(&self) -> Result<(), SchemaError> {
        self.check()?;
        check_no_computed(&self.block, "")
    }
}

/// Names that mean something else in every block (Terraform's meta-arguments).
const RESERVED_AT_TOP: [&str; 8] =
    ["connection", "count", "depends_on", "for_each", "lifecycle", "locals", "provider", "provisioner"];

fn check_block(block: &Block, parent: &str) -> Result<(), SchemaError> {
    let path = |name: &str| if parent.is_empty() { name.to_owned() } else { format!("{parent}.{name}") };
    if let Some(name) = block.doubled.first() {
        return Err(SchemaError { path: path(name), problem: "the name is used twice in the block" });
    }
    for name in block.attributes.keys().chain(block.blocks.keys()) {
        let problem = if !valid_name(name) {
            "a name has lower-case letters, digits and underscores, and does not begin with a digit"
        } else if parent.is_empty() && RESERVED_AT_TOP.contains(&name.as_str()) {
            "the name is one of Terraform's own"
        } else {
            continue;
        };
        return Err(SchemaError { path: path(name), problem });
    }
    for (name, attribute) in &block.attributes {
        check_attribute(attribute).map_err(|problem| SchemaError { path: path(name), problem })?;
    }
    for (name, nested) in &block.blocks {
        check_nesting(nested).map_err(|problem| SchemaError { path: path(name), problem })?;
        check_block(&nested.block, &path(name))?;
    }
    Ok(())
}

pub(super) fn valid_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.bytes().all(allowed) && name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
}

fn check_attribute(attribute: &Attribute) -> Result<(), &'static str> {
    if attribute.mode == Mode::Unset {
        return Err("say whether it is required, optional or computed");
    }
    if attribute.write_only && !attribute.is_configurable() {
        return Err("a write-only attribute is required or optional");
    }
    if attribute.write_only && (attribute.is_computed() || attribute.default.is_some()) {
        return Err("a write-only attribute has no computed value and no default");
    }
    if attribute.keep_prior && !attribute.is_computed() {
        return Err("only a computed attribute can keep its prior value");
    }
    match &attribute.default {
        Some(default) if crate::value::encode_msgpack(default, &attribute.ty).is_err() => {
            Err("the default is not of the attribute's type")
        }
        _ => Ok(()),
    }
}

fn check_nesting(nested: &NestedBlock) -> Result<(), &'static str> {
    let (min, max) = (nested.min_items, nested.max_items);
    match nested.nesting {
        Nesting::Single if max != 1 || min > 1 => Err("a SINGLE block occurs at most once"),
        Nesting::Group | Nesting::Map if min != 0 || max != 0 => Err("a GROUP or MAP block has no limits"),
        Nesting::List | Nesting::Set if max != 0 && min > max => {
            Err("the least number is above the greatest")
        }
        Nesting::Set if nested.block.has_dynamic() => Err("a SET block has no dynamic attribute"),
        Nesting::Set if has_write_only(&nested.block) => Err("a SET block has no write-only attribute"),
        _ => Ok(()),
    }
}

fn check_no_computed(block: &Block, parent: &str) -> Result<(), SchemaError> {
    let computed = block.attributes.iter().find(|(_, attribute)| attribute.is_computed());
    if let Some((name, _)) = computed {
        let problem = "neither a computed value nor a default is possible here";
        return Err(SchemaError { path: format!("{parent}{name}"), problem });
    }
    block
        .blocks
        .iter()
        .try_for_each(|(name, nested)| check_no_computed(&nested.block, &format!("{parent}{name}.")))
}

fn has_write_only(block: &Block) -> bool {
    block.attributes.values().any(|attribute| attribute.write_only)
        || block.blocks.values().any(|nested| has_write_only(&nested.block))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Type;

    fn problem_of(schema: &Schema) -> String {
        schema.check().unwrap_err().to_string()
    }

    fn with(attribute: Attribute) -> Schema {
        Schema::new("").attribute("a", attribute)
    }

    #[test]
    fn every_rule_of_core_names_the_attribute() {
        let text = || Attribute::string("");
        assert_eq!(problem_of(&with(text())), "a: say whether it is required, optional or computed");
        assert!(problem_of(&with(text().computed().write_only())).contains("write-only"));
        assert!(problem_of(&with(text().optional().keep_prior())).contains("computed"));
        assert!(problem_of(&with(text().default(3_i64))).contains("default"));
        assert!(problem_of(&Schema::new("").attribute("A", text().optional())).contains("lower-case"));
        assert!(
            problem_of(&Schema::new("").attribute("count", text().optional())).contains("Terraform's own")
        );
        assert!(problem_of(&with(text().optional()).attribute("a", text().optional())).contains("twice"));
        with(text().default("x".to_owned())).check().unwrap();
    }

    #[test]
    fn nested_blocks_keep_the_limits_of_their_nesting() {
        let block = || Block::new("");
        let inside =
            |nested| Schema::new("").block("b", NestedBlock::list(Block::new("").block("n", nested)));
        assert!(problem_of(&inside(NestedBlock::single(block()).max(2))).starts_with("b.n: a SINGLE"));
        assert!(problem_of(&inside(NestedBlock::map(block()).min(1))).contains("no limits"));
        assert!(problem_of(&inside(NestedBlock::list(block()).min(2).max(1))).contains("above"));
        let dynamic = block().attribute("d", Attribute::new(Type::list(Type::Dynamic), "").optional());
        assert!(problem_of(&inside(NestedBlock::set(dynamic))).contains("dynamic"));
        let secret = block().attribute("s", Attribute::string("").optional().write_only());
        assert!(problem_of(&inside(NestedBlock::set(secret))).contains("write-only"));
        inside(NestedBlock::single(block()).min(1)).check().unwrap();
    }
}

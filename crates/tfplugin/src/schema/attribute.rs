//! Attributes and what may be said of them.

use std::fmt;
use std::sync::Arc;

use super::Validator;
use crate::{TerraformValue, Type, Value};

/// Who sets an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Not said yet: an error in the schema.
    Unset,
    /// The user must.
    Required,
    /// The user may.
    Optional,
    /// Only the provider does.
    Computed,
    /// The user may, else the provider does.
    OptionalComputed,
}

/// Whether a change from the first value to the second replaces the resource.
type Condition = dyn Fn(&Value, &Value) -> bool + Send + Sync;

/// When a change of an attribute replaces the resource.
#[derive(Clone)]
pub(crate) enum Replacement {
    /// A change is made in place.
    Never,
    /// Every change replaces.
    Always,
    /// A change from the first value (prior state) to the second (plan; may be unknown) replaces when this says so.
    If(Arc<Condition>),
}

impl fmt::Debug for Replacement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "Never",
            Self::Always => "Always",
            Self::If(_) => "If(…)",
        })
    }
}

/// An attribute of a block.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub(crate) ty: Type,
    pub(crate) description: String,
    pub(crate) mode: Mode,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
    pub(crate) deprecated: Option<String>,
    pub(crate) default: Option<Value>,
    pub(crate) keep_prior: bool,
    pub(crate) replacement: Replacement,
    pub(crate) validators: Vec<Validator>,
}

impl Attribute {
    /// An attribute of any type; the description is markdown. Say next whether it is required, optional or computed.
    pub fn new(ty: Type, description: impl Into<String>) -> Self {
        Self {
            ty,
            description: description.into(),
            mode: Mode::Unset,
            sensitive: false,
            write_only: false,
            deprecated: None,
            default: None,
            keep_prior: false,
            replacement: Replacement::Never,
            validators: Vec::new(),
        }
    }

    /// A `string`.
    pub fn string(description: impl Into<String>) -> Self {
        Self::new(Type::String, description)
    }

    /// A `bool`.
    pub fn bool(description: impl Into<String>) -> Self {
        Self::new(Type::Bool, description)
    }

    /// A `number`.
    pub fn number(description: impl Into<String>) -> Self {
        Self::new(Type::Number, description)
    }

    /// A `list(element)`.
    pub fn list(element: Type, description: impl Into<String>) -> Self {
        Self::new(Type::list(element), description)
    }

    /// A `set(element)`.
    pub fn set(element: Type, description: impl Into<String>) -> Self {
        Self::new(Type::set(element), description)
    }

    /// A `map(element)`.
    pub fn map(element: Type, description: impl Into<String>) -> Self {
        Self::new(Type::map(element), description)
    }

    /// A value of any type, which comes with the value.
    pub fn dynamic(description: impl Into<String>) -> Self {
        Self::new(Type::Dynamic, description)
    }

    /// The user must set it.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.mode = Mode::Required;
        self
    }

    /// The user may set it.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.mode = match self.mode {
            Mode::Computed | Mode::OptionalComputed => Mode::OptionalComputed,
            _ => Mode::Optional,
        };
        self
    }

    /// The provider sets it; together with `optional` only where the user has not.
    #[must_use]
    pub fn computed(mut self) -> Self {
        self.mode = match self.mode {
            Mode::Optional | Mode::OptionalComputed => Mode::OptionalComputed,
            _ => Mode::Computed,
        };
        self
    }

    /// Hides the value in Terraform's output.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Keeps the value out of plan and state (Terraform 1.11 and later): it is there in the configuration only.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// Marks it deprecated; the message says what to use instead.
    #[must_use]
    pub fn deprecated(mut self, message: impl Into<String>) -> Self {
        self.deprecated = Some(message.into());
        self
    }

    /// The value when the configuration has none. Implies optional and computed, as the protocol asks.
    #[must_use]
    pub fn default(mut self, value: impl TerraformValue) -> Self {
        self.default = Some(value.into_value());
        self.optional().computed()
    }

    /// A computed value that stays as it is when the resource is updated: the plan shows the prior value instead of
    /// "known after apply".
    #[must_use]
    pub fn keep_prior(mut self) -> Self {
        self.keep_prior = true;
        self
    }

    /// Every change replaces the resource.
    #[must_use]
    pub fn requires_replace(mut self) -> Self {
        self.replacement = Replacement::Always;
        self
    }

    /// A change replaces the resource when `condition(prior, planned)` says so; `planned` may be unknown. Inside SET
    /// blocks, whose elements cannot be told apart, every change replaces.
    #[must_use]
    pub fn requires_replace_if(
        mut self,
        condition: impl Fn(&Value, &Value) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.replacement = Replacement::If(Arc::new(condition));
        self
    }

    /// Adds a check of the value; it is asked for known values only.
    #[must_use]
    pub fn validator(mut self, validator: Validator) -> Self {
        self.validators.push(validator);
        self
    }

    /// Adds a check of the value; the error says what the value must be, and never repeats a sensitive one.
    #[must_use]
    pub fn validate(self, check: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static) -> Self {
        self.validator(Validator::new(check))
    }

    /// Whether a change may replace the resource.
    pub(crate) fn replaces(&self) -> bool {
        !matches!(self.replacement, Replacement::Never)
    }

    /// Whether the provider may set it.
    pub(crate) fn is_computed(&self) -> bool {
        matches!(self.mode, Mode::Computed | Mode::OptionalComputed)
    }

    /// Whether the user may set it.
    pub(crate) fn is_configurable(&self) -> bool {
        matches!(self.mode, Mode::Required | Mode::Optional | Mode::OptionalComputed)
    }
}

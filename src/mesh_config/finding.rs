use std::fmt;

use thiserror::Error;

use super::path::ValuePath;

/// What is wrong with a value of a document, or strange.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Where it stands.
    pub path: ValuePath,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a value; as text, the end of a sentence that begins with its path. No text of a user is in it.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Problem {
    /// It is of another kind than Istio wants.
    #[error("must be {wanted}, but is {found}")]
    WrongKind {
        /// What Istio wants.
        wanted: Wanted,
        /// What it is.
        found: Kind,
    },
    /// A null where leaving the key out would keep no default of istiod's either.
    #[error("is null, which istiod reads as {0} instead of its own default")]
    Null(String),
    /// A rule of istiod's validation.
    #[error("{0}")]
    Invalid(Invalid),
    /// istiod skips a key that it does not know.
    #[error("is not known to {document} of Istio 1.{minor}, which ignores it")]
    UnknownKey {
        /// The document.
        document: &'static str,
        /// The release of Istio.
        minor: u64,
        /// What it may have been meant to be.
        nearest: Option<String>,
    },
    /// A key and the same key in Protobuf's notation.
    #[error("is also given as {0}, and istiod reads only the latter")]
    TwoNames(String),
    /// Two of several settings of which only one can be.
    #[error("conflicts with {0}: istiod uses only one of them")]
    TwoOfOne(String),
    /// A document that istiod reads by the other notation of its name only.
    #[error("is ignored by istiod in this notation")]
    IgnoredName(&'static str),
    /// A setting that replaces istiod's default and lacks what that says.
    #[error("has no {key}, so istiod uses {value} instead of its own default, {default}")]
    LosesDefault {
        /// What is missing.
        key: &'static str,
        /// What istiod takes for it.
        value: &'static str,
        /// What it would be without the setting.
        default: &'static str,
    },
}

/// What Istio wants in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Text.
    Text,
    /// True or false.
    Bool,
    /// A whole number in this range.
    Integer(i128, i128),
    /// Any number.
    Number,
    /// One of these names.
    Name(Vec<String>),
    /// A number with a unit.
    Duration,
    /// A mapping with these keys; of any, if there are none.
    Mapping(Vec<String>),
    /// A list.
    List,
}

/// What a value is; what a message needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Null.
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as JSON writes it.
    Number(String),
    /// Text; what it was meant to be, if that can be told.
    Text(Option<String>),
    /// A list.
    List,
    /// A mapping.
    Mapping,
}

/// A rule of istiod's validation that a value breaks (`pkg/config/validation/agent`); as text, the end of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Invalid {
    /// Not 1 to 65535.
    #[error("is not a port")]
    Port,
    /// It must say something.
    #[error("is empty")]
    Empty,
    /// A duration of less than a millisecond, or of parts of one.
    #[error("is not a duration of whole milliseconds")]
    Milliseconds,
    /// A duration of parts of a second.
    #[error("is not a duration of whole seconds")]
    Seconds,
    /// More than an hour.
    #[error("is longer than an hour")]
    OverAnHour,
    /// No host and port.
    #[error("is not an address of the form host:port")]
    Address,
    /// No trust domain.
    #[error("is not a trust domain")]
    TrustDomain,
    /// No host name, with or without a wildcard in front.
    #[error("is not a host name")]
    Host,
    /// No IP address and no host name.
    #[error("is neither an IP address nor a host name")]
    Gateway,
    /// No CIDR range.
    #[error("is not a range of IP addresses")]
    Cidr,
    /// A number below the least.
    #[error("is less than {0}")]
    Less(i64),
    /// No percentage.
    #[error("is not a percentage")]
    Percent,
    /// No value of that enumeration that istiod accepts.
    #[error("is not a number that Istio has a name for")]
    UnknownNumber,
    /// A setting without one of its variants.
    #[error("names no provider")]
    NoProvider,
    /// Something that must be set.
    #[error("has no {0}")]
    Missing(&'static str),
    /// Settings that are not allowed together.
    #[error("is not allowed together with {0}")]
    Together(&'static str),
    /// Something that istiod does not support there.
    #[error("is not supported here")]
    Unsupported,
    /// Localities of which one is in another, or that are none.
    #[error("is not a list of localities of which none includes another")]
    Localities,
    /// Weights of localities.
    #[error("is not a distribution of 100 percent")]
    Weights,
    /// A failover to or from what is no region.
    #[error("does not lead from one region to another one")]
    Failover,
    /// A selector that Kubernetes would not accept.
    #[error("is not a label selector")]
    Selector,
}

impl Problem {
    /// Whether istiod reads the document all the same.
    pub fn is_warning(&self) -> bool {
        match self {
            Self::WrongKind { .. } | Self::Null(_) | Self::Invalid(_) => false,
            Self::UnknownKey { .. }
            | Self::TwoNames(_)
            | Self::TwoOfOne(_)
            | Self::IgnoredName(_)
            | Self::LosesDefault { .. } => true,
        }
    }

    /// What to write instead, in whole sentences.
    pub fn way_out(&self) -> String {
        match self {
            Self::WrongKind { wanted, found } => wanted.way_out(found),
            Self::Null(_) => "Write a value, or leave the key out.".to_owned(),
            Self::Invalid(invalid) => invalid.way_out().to_owned(),
            Self::UnknownKey { nearest: Some(nearest), .. } => {
                format!("Did you mean {nearest}? If a newer release knows the key, ignore this warning.")
            }
            Self::UnknownKey { nearest: None, .. } => {
                "Correct or remove the key. If a newer release knows it, ignore this warning.".to_owned()
            }
            Self::TwoNames(_) | Self::TwoOfOne(_) => "Remove one of them.".to_owned(),
            Self::IgnoredName(name) => format!("Write {name}."),
            Self::LosesDefault { key, default, .. } => {
                format!("Write {key} = {default:?} to keep the default, or another value.")
            }
        }
    }
}

impl Wanted {
    fn way_out(&self, found: &Kind) -> String {
        match (self, found) {
            (Self::Text, Kind::Bool(value)) => format!("Write \"{value}\", in quotes."),
            (Self::Text, Kind::Number(number)) => format!("Write \"{number}\", in quotes."),
            (Self::Text, _) => "Write a text in quotes.".to_owned(),
            (Self::Bool, _) => "Write true or false, without quotes.".to_owned(),
            (Self::Integer(from, to), _) => format!("Write a whole number from {from} to {to}."),
            (Self::Number, _) => "Write a number.".to_owned(),
            (Self::Name(_), Kind::Text(Some(meant))) => format!("Write {meant:?}."),
            (Self::Name(names), _) => {
                format!(
                    "Write one of {}.",
                    names.iter().map(|it| format!("{it:?}")).collect::<Vec<_>>().join(", ")
                )
            }
            (Self::Duration, Kind::Number(number)) => {
                format!("Write the unit too, in quotes: \"{number}s\" is in seconds.")
            }
            (Self::Duration, _) => {
                "Write numbers with their units, such as \"5s\", \"1m30s\" or \"100ms\".".to_owned()
            }
            (Self::Mapping(keys), _) if keys.is_empty() => "Write keys and values: { … }.".to_owned(),
            (Self::Mapping(keys), _) => format!("Write keys and values: {{ {} = … }}.", keys.join(" = …, ")),
            (Self::List, _) => "Write a list: [ … ].".to_owned(),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("text"),
            Self::Bool => f.write_str("a bool"),
            Self::Integer(from, to) => write!(f, "a whole number from {from} to {to}"),
            Self::Number => f.write_str("a number"),
            Self::Name(names) => write!(f, "one of {}", names.join(", ")),
            Self::Duration => f.write_str("a duration such as \"5s\""),
            Self::Mapping(_) => f.write_str("a mapping"),
            Self::List => f.write_str("a list"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "the bool {value}"),
            Self::Number(number) => write!(f, "the number {number}"),
            Self::Text(_) => f.write_str("another text"),
            Self::List => f.write_str("a list"),
            Self::Mapping => f.write_str("a mapping"),
        }
    }
}

impl Invalid {
    fn way_out(self) -> &'static str {
        match self {
            Self::Port => "Write a number from 1 to 65535.",
            Self::Empty | Self::Missing(_) | Self::NoProvider => {
                "Set it, or remove the setting that it belongs to."
            }
            Self::Milliseconds => "Write one or more whole milliseconds, such as \"500ms\" or \"10s\".",
            Self::Seconds => "Write whole seconds, such as \"45s\".",
            Self::OverAnHour => "Write a duration from \"1ms\" to \"1h\".",
            Self::Address => {
                "Write a host name or an IP address, a colon and a port, such as \"zipkin.tracing:9411\"."
            }
            Self::TrustDomain => {
                "Write letters, digits, \"-\" and \".\", without a scheme, such as \"shop.example\"."
            }
            Self::Host => "Write a name such as \"shop.example\" or \"*.shop.example\".",
            Self::Gateway => "Write an IP address, or a host name in lower-case letters.",
            Self::Cidr => "Write a range such as \"10.8.0.0/16\".",
            Self::Less(_) => "Write a greater number.",
            Self::Percent => "Write a number from 0 to 100.",
            Self::UnknownNumber => "Write the name of the value.",
            Self::Together(_) => "Remove one of them.",
            Self::Unsupported => "Remove it.",
            Self::Localities => {
                "Write each as region, region/zone or region/zone/subzone, with \"*\" only at the end, and none twice."
            }
            Self::Weights => "Write weights from 1 to 100 that add up to 100.",
            Self::Failover => "Write the names of two different regions, without zones and \"*\".",
            Self::Selector => {
                "Use matchLabels, or matchExpressions with the operators In and NotIn and values, or Exists and DoesNotExist \
                 without."
            }
        }
    }
}

//! Names in certificates: distinguished names as `BoringSSL` compares them, and the other forms.

use x509_parser::asn1_rs::Tag;
use x509_parser::extensions::GeneralName;
use x509_parser::x509::X509Name;

/// A distinguished name as `BoringSSL` compares it (`x509_name_get_cache` in `crypto/x509/x_name.cc`): letters of either case are
/// one, as are all kinds of strings and all white space. Go compares names byte for byte.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CanonicalName(Vec<Vec<Attribute>>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Attribute {
    kind: Vec<u8>,
    /// Of a string, that of UTF-8.
    tag: u32,
    value: Vec<u8>,
}

/// A name of one of the forms that constraints are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Uri(String),
    Dns(String),
    Email(String),
    Address(Vec<u8>),
    Directory(CanonicalName),
    /// Any other form, by its tag.
    Other(u32),
}

impl CanonicalName {
    pub fn of(name: &X509Name<'_>) -> Self {
        let attributes = name.iter_rdn().map(|set| {
            let mut attributes: Vec<Attribute> = set
                .iter()
                .map(|attribute| {
                    let (value, kind) = (attribute.attr_value(), attribute.attr_type().as_bytes().to_vec());
                    match text(value.tag(), value.data) {
                        Some(text) => {
                            Attribute { kind, tag: Tag::Utf8String.0, value: canonical(&text).into_bytes() }
                        }
                        None => Attribute { kind, tag: value.tag().0, value: value.data.to_vec() },
                    }
                })
                .collect();
            attributes.sort();
            attributes
        });
        Self(attributes.collect())
    }

    /// Whether the name is this one, or one below it.
    pub fn contains(&self, name: &Self) -> bool {
        name.0.starts_with(&self.0)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Name {
    pub fn of(name: &GeneralName<'_>) -> Self {
        match name {
            GeneralName::URI(uri) => Self::Uri((*uri).to_owned()),
            GeneralName::DNSName(name) => Self::Dns((*name).to_owned()),
            GeneralName::RFC822Name(address) => Self::Email((*address).to_owned()),
            GeneralName::IPAddress(octets) => Self::Address(octets.to_vec()),
            GeneralName::DirectoryName(name) => Self::Directory(CanonicalName::of(name)),
            GeneralName::OtherName(..) => Self::Other(0),
            GeneralName::X400Address(_) => Self::Other(3),
            GeneralName::EDIPartyName(_) => Self::Other(5),
            GeneralName::RegisteredID(_) => Self::Other(8),
            GeneralName::Invalid(tag, _) => Self::Other(tag.0),
        }
    }

    /// The name, where it is a text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Uri(text) | Self::Dns(text) | Self::Email(text) => Some(text),
            Self::Address(_) | Self::Directory(_) | Self::Other(_) => None,
        }
    }

    pub fn has_form_of(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Other(tag), Self::Other(other)) => tag == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// Whether Go has a rule for names of this form.
    pub fn is_known_to_go(&self) -> bool {
        matches!(self, Self::Uri(_) | Self::Dns(_) | Self::Email(_) | Self::Address(_))
    }
}

/// A string of the kinds whose differences do not matter.
fn text(tag: Tag, data: &[u8]) -> Option<String> {
    let wide = |pair: &[u8]| char::from_u32(pair.iter().fold(0, |sum, octet| sum << 8 | u32::from(*octet)));
    match tag {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::VisibleString => {
            std::str::from_utf8(data).ok().map(str::to_owned)
        }
        Tag::T61String => Some(data.iter().copied().map(char::from).collect()),
        Tag::BmpString => data.chunks(2).map(wide).collect(),
        Tag::UniversalString => data.chunks(4).map(wide).collect(),
        _ => None,
    }
}

fn canonical(text: &str) -> String {
    let words: Vec<&str> =
        text.split(|letter: char| letter.is_ascii_whitespace()).filter(|word| !word.is_empty()).collect();
    words.join(" ").to_ascii_lowercase()
}

use crate::field_path::{FieldPath, FieldPattern};
use crate::live::Live;
use crate::object_id::ObjectId;

/// A name with `*` for any run of characters, as in `k8s-*`. The empty pattern matches only the empty name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(String);

impl Glob {
    /// Matches every name.
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    /// Whether the whole of `name` matches.
    pub fn matches(&self, name: &str) -> bool {
        glob(self.0.as_bytes(), name.as_bytes())
    }
}

impl From<&str> for Glob {
    fn from(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }
}

/// Greedy matching with one point of return is enough for `*`: only the latest star can need more characters.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            retry = Some((p, n));
            p += 1;
        } else if pattern.get(p) == Some(&name[n]) {
            p += 1;
            n += 1;
        } else if let Some((star, from)) = retry {
            retry = Some((star, from + 1));
            p = star + 1;
            n = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// Which objects a rule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPattern {
    /// API group; the empty pattern is the core group.
    pub group: Glob,
    /// Kind.
    pub kind: Glob,
    /// Namespace; the empty pattern is cluster-scoped objects only.
    pub namespace: Glob,
    /// Name.
    pub name: Glob,
}

impl ObjectPattern {
    /// All objects whatever.
    pub fn any() -> Self {
        Self { group: Glob::any(), kind: Glob::any(), namespace: Glob::any(), name: Glob::any() }
    }

    /// All objects of one group and kind.
    pub fn kind(group: &str, kind: &str) -> Self {
        Self { group: group.into(), kind: kind.into(), namespace: Glob::any(), name: Glob::any() }
    }

    /// One object.
    pub fn object(id: &ObjectId) -> Self {
        Self {
            group: id.group.as_str().into(),
            kind: id.kind.as_str().into(),
            namespace: id.namespace.as_str().into(),
            name: id.name.as_str().into(),
        }
    }

    /// Whether `id` is one of the objects.
    pub fn matches(&self, id: &ObjectId) -> bool {
        self.group.matches(&id.group)
            && self.kind.matches(&id.kind)
            && self.namespace.matches(&id.namespace)
            && self.name.matches(&id.name)
    }
}

/// Whose a field is that a manifest sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ownership {
    /// Ours at creation, and as long as no other manager owns it; from then on neither sent nor compared.
    /// Examples: a webhook's `caBundle`, `replicas` under an autoscaler.
    Yield,
    /// Never ours: neither sent nor compared, not even at creation.
    Ignore,
}

/// Says that fields of some objects belong to someone else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldRule {
    /// The objects.
    pub objects: ObjectPattern,
    /// The fields, with everything below them.
    pub fields: FieldPattern,
    /// What to do with them.
    pub ownership: Ownership,
}

/// What the caller knows about fields and objects of others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Fields that belong to others.
    pub fields: Vec<FieldRule>,
    /// Objects that are only made when they are missing: one that exists and is not ours is left as it is,
    /// is no error, never enters the inventory and is never deleted (a namespace that someone else may have made).
    pub create_if_absent: Vec<ObjectPattern>,
    /// Objects that others may have made before and keep: our fields are applied to them without the owner label, they
    /// are never deleted, and deletion gives our fields back (a namespace that needs a label of ours). One that does not
    /// exist is made, and then is ours like any other.
    pub shared: Vec<ObjectPattern>,
    /// Objects with one of these annotations stay when their set no longer has them or is deleted; they are forgotten.
    /// Examples: `helm.sh/resource-policy: keep`, `client.lifecycle.config.k8s.io/deletion: detach`.
    pub keep: Vec<Annotation>,
    /// What it takes for objects to be ready beyond what their kind always needs.
    pub ready: Vec<ReadyRule>,
}

/// One annotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
}

/// Says that some objects are ready only when they have a condition with status `True`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadyRule {
    /// The objects.
    pub objects: ObjectPattern,
    /// The condition's `type`.
    pub condition: String,
}

impl Rules {
    /// Whose the field at `path` of `id` is; `None` means ours. `Ignore` wins over `Yield`.
    pub fn ownership(&self, id: &ObjectId, path: &FieldPath) -> Option<Ownership> {
        let rules: Vec<&FieldRule> = self.fields.iter().filter(|rule| rule.objects.matches(id)).collect();
        ownership(&rules, path)
    }

    /// Whether an object bears an annotation by which it stays.
    pub(crate) fn keeps(&self, live: &Live) -> bool {
        let annotations = &live.value()["metadata"]["annotations"];
        self.keep.iter().any(|keep| annotations[&keep.key] == keep.value.as_str())
    }

    /// Whether an object of others is shared with them.
    pub fn shares(&self, id: &ObjectId) -> bool {
        self.shared.iter().any(|objects| objects.matches(id))
    }

    /// Whether `id` is only to be made when missing.
    pub fn creates_only_if_absent(&self, id: &ObjectId) -> bool {
        self.create_if_absent.iter().any(|objects| objects.matches(id))
    }
}

/// Whose a field is by these rules, which are all about its object.
pub(crate) fn ownership(rules: &[&FieldRule], path: &FieldPath) -> Option<Ownership> {
    let covering = rules.iter().filter(|rule| rule.fields.covers(path)).map(|rule| rule.ownership);
    covering.reduce(|one, other| if one == Ownership::Ignore { one } else { other })
}

/// Permission to take fields from another manager, for one call of apply or diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakeOver {
    /// The other field manager's name.
    pub manager: Glob,
    /// The objects.
    pub objects: ObjectPattern,
    /// The fields, with everything below them; `None` is all of them.
    pub fields: Option<FieldPattern>,
}

impl TakeOver {
    /// Whether the field at `path` of `id` may be taken from `manager`.
    pub fn allows(&self, id: &ObjectId, manager: &str, path: &FieldPath) -> bool {
        self.manager.matches(manager)
            && self.objects.matches(id)
            && self.fields.as_ref().is_none_or(|fields| fields.covers(path))
    }
}

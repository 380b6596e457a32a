//! The identities of workloads.

use std::fmt;

use super::super::names::{Namespace, TrustDomain, is_dns_subdomain};

/// A service account of one of the meshes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceAccount {
    namespace: Namespace,
    name: String,
}

/// The identity that workloads of a service account have (SPIFFE; `pkg/spiffe` in Istio).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkloadIdentity {
    trust_domain: TrustDomain,
    account: ServiceAccount,
}

/// An identity as users write it: `web/orders`, `shop.example/ns/web/sa/orders`, or that behind `spiffe://`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::mesh) struct DeclaredIdentity {
    /// `None` in the short form.
    pub(in crate::mesh) trust_domain: Option<TrustDomain>,
    /// Whose it is.
    pub(in crate::mesh) account: ServiceAccount,
}

impl DeclaredIdentity {
    /// Reads one; `None` if it has neither form.
    pub(in crate::mesh) fn parse(text: &str) -> Option<Self> {
        let steps: Vec<&str> = text.strip_prefix("spiffe://").unwrap_or(text).split('/').collect();
        let (trust_domain, namespace, name) = match steps.as_slice() {
            [namespace, name] if !text.starts_with("spiffe://") => (None, namespace, name),
            [trust_domain, "ns", namespace, "sa", name] => {
                (Some(trust_domain.parse().ok()?), namespace, name)
            }
            _ => return None,
        };
        let account = ServiceAccount { namespace: namespace.parse().ok()?, name: (*name).to_owned() };
        is_dns_subdomain(name).then_some(Self { trust_domain, account })
    }

    /// The whole identity, in the short form of this trust domain.
    pub(in crate::mesh) fn of(self, trust_domain: &TrustDomain) -> WorkloadIdentity {
        let trust_domain = self.trust_domain.unwrap_or_else(|| trust_domain.clone());
        WorkloadIdentity { trust_domain, account: self.account }
    }
}

impl WorkloadIdentity {
    /// Its trust domain.
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// As certificates have it, and what subject alternative names are compared with.
    pub fn spiffe_id(&self) -> String {
        format!("spiffe://{self}")
    }
}

/// As the principals of an `AuthorizationPolicy`.
impl fmt::Display for WorkloadIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ServiceAccount { namespace, name } = &self.account;
        write!(f, "{}/ns/{namespace}/sa/{name}", self.trust_domain)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_identity_is_read_as_it_is_written(
            trust_domain in "[a-z][a-z0-9]{0,8}(\\.[a-z][a-z0-9]{0,8}){0,3}",
            namespace in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?",
            name in "[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?(\\.[a-z0-9]{1,5}){0,2}",
        ) {
            let short = format!("{namespace}/{name}");
            let own: TrustDomain = trust_domain.parse().unwrap();
            let identity = DeclaredIdentity::parse(&short).unwrap().of(&own);
            let other: TrustDomain = "other.example".parse().unwrap();
            for text in [identity.to_string(), identity.spiffe_id()] {
                prop_assert_eq!(&DeclaredIdentity::parse(&text).unwrap().of(&other), &identity);
            }
        }
    }

    fn shown(text: &str) -> Option<String> {
        let identity = DeclaredIdentity::parse(text)?.of(&"shop.example".parse().unwrap());
        Some(identity.spiffe_id())
    }

    #[test]
    fn identities_are_read_in_every_form() {
        let short = Some("spiffe://shop.example/ns/web/sa/orders".to_owned());
        assert_eq!(shown("web/orders"), short);
        assert_eq!(shown("shop.example/ns/web/sa/orders"), short);
        assert_eq!(shown("spiffe://shop.example/ns/web/sa/orders"), short);
        assert_eq!(shown("bank/ns/a/sa/b.c"), Some("spiffe://bank/ns/a/sa/b.c".to_owned()));
    }

    #[test]
    fn what_is_not_one_identity_is_refused() {
        for text in [
            "",
            "*",
            "orders",
            "/orders",
            "web/",
            "web/*",
            "shop.example/*",
            "web/orders/x",
            "shop.example/ns/web/sa/*",
            "shop.example/ns/web/sa/orders/",
            "shop.example/sa/web/ns/orders",
            "spiffe://web/orders",
            "https://shop.example/ns/web/sa/orders",
            "Shop.example/ns/web/sa/orders",
            "web/Orders",
            " web/orders",
        ] {
            assert_eq!(shown(text), None, "{text}");
        }
    }
}

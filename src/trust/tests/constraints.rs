//! Authorities with name constraints, as openssl makes them.

use super::openssl::Openssl;
use super::*;

const NAMES: Names<'_> = Names {
    trust_domain: "shop.example",
    namespace: "istio-system",
    hosts: &["istiod.shop.example", "10.0.0.9"],
};

/// An intermediate with these constraints, as the data of a Secret.
fn constrained(constraints: &str) -> Intermediate {
    let openssl = Openssl::new();
    for name in ["root", "ca"] {
        openssl.run(&format!("ecparam -genkey -name prime256v1 -noout -out {name}.key"));
    }
    openssl.root("root", "/O=Corp/CN=Root");
    let extensions = format!(
        "subjectKeyIdentifier=hash\nbasicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign\n\
         nameConstraints=critical,{constraints}\n"
    );
    openssl.signed("ca", "/O=Corp/CN=CA", "root", &extensions);
    let chain = [openssl.read("ca.crt"), openssl.read("root.crt")].concat();
    let files = [
        (CA_CERT, openssl.read("ca.crt")),
        (CA_KEY, openssl.read("ca.key")),
        (CERT_CHAIN, chain),
        (ROOT_CERT, openssl.read("root.crt")),
    ];
    let files = files.map(|(name, content)| (name.to_owned(), content)).into();
    Intermediate::parse(&files, OffsetDateTime::now_utc()).unwrap()
}

#[test]
fn an_authority_that_may_not_issue_for_the_trust_domain_is_refused() {
    for constraints in [
        "permitted;URI:other.example",
        "permitted;URI:.shop.example",
        "permitted;URI:example",
        "excluded;URI:shop.example",
        "excluded;URI:.example",
    ] {
        let error = constrained(constraints).check_names(&NAMES, OffsetDateTime::now_utc()).unwrap_err();
        let expected = "certificate \"O=Corp, CN=CA\" in ca-cert.pem may not issue for spiffe://shop.example/…: its \
                        nameConstraints do not allow it";
        assert_eq!(error.to_string(), expected, "{constraints}");
        assert!(error.way_out().contains("permit the trust domain"));
    }
}

#[test]
fn an_authority_that_may_not_issue_for_istiod_is_refused() {
    for constraints in ["permitted;DNS:shop.example", "excluded;DNS:svc"] {
        let error = constrained(constraints).check_names(&NAMES, OffsetDateTime::now_utc()).unwrap_err();
        assert!(error.to_string().contains("for istiod.istio-system.svc"), "{constraints}: {error}");
    }
    let one_name = constrained("permitted;DNS:istiod.istio-system.svc")
        .check_names(&NAMES, OffsetDateTime::now_utc())
        .unwrap_err();
    assert!(one_name.to_string().contains("for istiod-remote.istio-system.svc"), "{one_name}");
}

#[test]
fn an_authority_that_may_not_issue_for_the_other_hosts_of_istiod_is_refused() {
    for (constraints, name) in [
        ("permitted;DNS:svc", "istiod.shop.example"),
        ("excluded;DNS:shop.example", "istiod.shop.example"),
        ("permitted;IP:192.168.0.0/255.255.0.0", "an IP address"),
    ] {
        let error = constrained(constraints).check_names(&NAMES, OffsetDateTime::now_utc()).unwrap_err();
        assert!(error.to_string().contains(&format!("for {name}")), "{constraints}: {error}");
    }
}

#[test]
fn an_authority_for_the_right_names_is_accepted() {
    for constraints in [
        "permitted;URI:shop.example",
        "permitted;URI:Shop.Example",
        "permitted;URI:.example,permitted;DNS:svc,permitted;DNS:shop.example",
        "permitted;URI:other.example,permitted;URI:shop.example",
        "permitted;DNS:istio-system.svc,permitted;DNS:istiod.shop.example,excluded;URI:other.example",
        "permitted;IP:10.0.0.0/255.0.0.0",
        "permitted;email:corp.example",
    ] {
        constrained(constraints).check_names(&NAMES, OffsetDateTime::now_utc()).unwrap();
    }
    root().issue(&request("east")).unwrap().check_names(&NAMES, now()).unwrap();
    root().check_names(&NAMES, now()).unwrap();
}

#!/usr/bin/env bash
# rustls-webpki 0.103.17 (what rustls verifies certificates with, and so ztunnel), compared with Go's crypto/x509.
#
# A root whose critical name constraints permit the URIs of one host, bank.example, is how a SPIFFE trust domain is bound to a root
# (RFC 5280, 4.2.1.10). Go accepts below it spiffe://bank.example/... and refuses spiffe://shop.example/... . webpki compares no URIs with
# constraints: as soon as there is a subtree of URIs, it refuses every certificate that has a URI, also the permitted one. Without the
# subtree, or with one of DNS names alone, it accepts both. So such a root works with Envoy and Go and with no proxy on rustls.
#
# Expected: the table below.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

mkdir make verify verify/src
cat > make/go.mod <<'MOD'
module make

go 1.26
MOD
cat > make/main.go <<'GO'
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"time"
)

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func main() {
	begin, end := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)
	constraints := map[string]func(*x509.Certificate){
		"none": func(*x509.Certificate) {},
		"dns":  func(root *x509.Certificate) { root.PermittedDNSDomains = []string{"istiod.istio-system.svc"} },
		"uri":  func(root *x509.Certificate) { root.PermittedURIDomains = []string{"bank.example"} },
	}
	for _, name := range []string{"none", "dns", "uri"} {
		key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{Organization: []string{"root"}}, NotBefore: begin, NotAfter: end,
			IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, PermittedDNSDomainsCritical: true,
		}
		constraints[name](template)
		der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
		root := must(x509.ParseCertificate(der))
		check(os.WriteFile(name+".root", der, 0o600))
		for _, domain := range []string{"bank.example", "shop.example"} {
			leafKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
			leaf := &x509.Certificate{
				SerialNumber: big.NewInt(2), NotBefore: begin, NotAfter: end, KeyUsage: x509.KeyUsageDigitalSignature,
				URIs:        []*url.URL{must(url.Parse("spiffe://" + domain + "/ns/web/sa/orders"))},
				ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			}
			der := must(x509.CreateCertificate(rand.Reader, leaf, root, &leafKey.PublicKey, key))
			check(os.WriteFile(name+"."+domain, der, 0o600))
			pool := x509.NewCertPool()
			pool.AddCert(root)
			_, err := must(x509.ParseCertificate(der)).Verify(x509.VerifyOptions{
				Roots: pool, CurrentTime: begin.AddDate(1, 0, 0), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			})
			fmt.Printf("go     constraint %-4s %s %s\n", name, domain, map[bool]string{true: "accepted", false: "refused"}[err == nil])
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
GO
cat > verify/Cargo.toml <<'TOML'
[package]
name = "verify"
version = "0.0.0"
edition = "2024"

[dependencies]
rustls-webpki = { version = "=0.103.17", default-features = false, features = ["ring", "std"] }
rustls-pki-types = "=1.16.0"
TOML
cat > verify/src/main.rs <<'RUST'
use std::fs;
use std::time::Duration;

use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};

fn main() {
    let read = |name: String| CertificateDer::from(fs::read(format!("../make/{name}")).unwrap());
    // 2027-01-01
    let now = UnixTime::since_unix_epoch(Duration::from_secs(1_798_761_600));
    for constraint in ["none", "dns", "uri"] {
        let root = read(format!("{constraint}.root"));
        let anchors = [anchor_from_trusted_cert(&root).unwrap()];
        for domain in ["bank.example", "shop.example"] {
            let leaf = read(format!("{constraint}.{domain}"));
            let leaf = EndEntityCert::try_from(&leaf).unwrap();
            let verified = leaf.verify_for_usage(
                ALL_VERIFICATION_ALGS, &anchors, &[], now, KeyUsage::client_auth(), None, None,
            );
            let verdict = match verified {
                Ok(_) => "accepted".to_owned(),
                Err(error) => format!("refused ({error:?})"),
            };
            println!("webpki constraint {constraint:<4} {domain} {verdict}");
        }
    }
}
RUST
seen=$(cd make && GOWORK=off go run . && cd ../verify && cargo run --quiet)
expected='go     constraint none bank.example accepted
go     constraint none shop.example accepted
go     constraint dns  bank.example accepted
go     constraint dns  shop.example accepted
go     constraint uri  bank.example accepted
go     constraint uri  shop.example refused
webpki constraint none bank.example accepted
webpki constraint none shop.example accepted
webpki constraint dns  bank.example accepted
webpki constraint dns  shop.example accepted
webpki constraint uri  bank.example refused (NameConstraintViolation)
webpki constraint uri  shop.example refused (NameConstraintViolation)'
echo "$(go env GOVERSION), rustls-webpki 0.103.17:"
echo "$seen"
[ "$seen" = "$expected" ] || { echo "changed; expected:" >&2; echo "$expected" >&2; exit 1; }

#!/usr/bin/env bash
# istio.io/istio at eed52ebb66ad (1.31): the checks of its validation webhook, by name of the object.
#
# Kubernetes takes a dot in the names of all custom resources, and so do the schemas of Istio's kinds. Of its networking and security
# kinds, istiod refuses it in the name of a Gateway alone ("invalid gateway name"), since VirtualServices refer to Gateways as
# <namespace>/<name> or by a host name. So names made of two parts need another separator there, and with one that may be in the parts
# the pairs are no longer unique. A dry run against an API server without istiod's webhook shows nothing of it.
#
# Expected: the table below.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat > go.mod <<'MOD'
module names

go 1.26

require istio.io/istio v0.0.0-20260827124520-eed52ebb66ad
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"
	"strings"

	networking "istio.io/api/networking/v1alpha3"
	security "istio.io/api/security/v1beta1"
	"istio.io/istio/pkg/config"
	"istio.io/istio/pkg/config/validation"
)

type validate = func(config.Config) (validation.Warning, error)

func main() {
	port := &networking.Port{Number: 15443, Name: "tls", Protocol: "TLS"}
	server := &networking.Server{Port: port, Hosts: []string{"foo.web.svc.cluster.local"}}
	server.Tls = &networking.ServerTLSSettings{Mode: networking.ServerTLSSettings_AUTO_PASSTHROUGH}
	kinds := []struct {
		name  string
		check validate
		spec  config.Spec
	}{
		{"AuthorizationPolicy", validate(validation.ValidateAuthorizationPolicy), &security.AuthorizationPolicy{}},
		{"DestinationRule", validate(validation.ValidateDestinationRule), &networking.DestinationRule{Host: "foo.example"}},
		{"Gateway", validate(validation.ValidateGateway), &networking.Gateway{Servers: []*networking.Server{server}}},
		{"ServiceEntry", validate(validation.ValidateServiceEntry), &networking.ServiceEntry{
			Hosts: []string{"foo.example"}, Resolution: networking.ServiceEntry_DNS,
			Ports: []*networking.ServicePort{{Number: 80, Name: "http", Protocol: "HTTP"}},
		}},
	}
	for _, kind := range kinds {
		for _, name := range []string{"one-two", "one.two"} {
			meta := config.Meta{Name: name, Namespace: "web"}
			_, err := kind.check(config.Config{Meta: meta, Spec: kind.spec})
			result := "accepted"
			if err != nil {
				result = strings.TrimSpace(strings.ReplaceAll(err.Error(), "\n", " "))
			}
			fmt.Printf("%s %s: %s\n", kind.name, name, result)
		}
	}
}
GO
go mod tidy > tidy.log 2>&1 || { cat tidy.log; exit 1; }

expected='AuthorizationPolicy one-two: accepted
AuthorizationPolicy one.two: accepted
DestinationRule one-two: accepted
DestinationRule one.two: accepted
Gateway one-two: accepted
Gateway one.two: invalid gateway name: "one.two"
ServiceEntry one-two: accepted
ServiceEntry one.two: accepted'
found=$(go run .)
echo "$found"
[ "$found" = "$expected" ] || { echo "this has changed; expected was:"; echo "$expected"; exit 1; }

#!/usr/bin/env bash
# Kubernetes' field manager (k8s.io/apimachinery 0.36.3, the code behind metadata.managedFields in an API server).
#
# An existing object whose managedFields were emptied by writing `[{}]`, the documented way to strip them, is not tracked any more:
# whoever updates it afterwards (kubectl edit, helm, a controller) gets no entry, so that "nobody owns a field of it" can never
# be told from managedFields again until somebody uses server-side apply. One entry that is left, whoever's and for whatever
# field, keeps the tracking alive.
#
# Expected: updates after a strip are seen by 0 entries, updates after all entries but one were removed by 2 (the one and the
# new manager's).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'MOD'
module finding

go 1.26

require k8s.io/apimachinery v0.36.3
MOD
cat > main.go <<'GO'
package main

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/apimachinery/pkg/util/managedfields/managedfieldstest"
)

func object(fields []metav1.ManagedFieldsEntry, data map[string]interface{}) *unstructured.Unstructured {
	object := &unstructured.Unstructured{Object: map[string]interface{}{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]interface{}{
			"name": "settings", "namespace": "default", "uid": "5f0c2d1e-0000-4000-8000-000000000001",
		},
		"data":     data,
	}}
	object.SetManagedFields(fields)
	return object
}

func entriesAfter(keep func([]metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry) int {
	kind := schema.FromAPIVersionAndKind("v1", "ConfigMap")
	manager := managedfieldstest.NewTestFieldManager(managedfields.NewDeducedTypeConverter(), kind)
	check(manager.Apply(object(nil, map[string]interface{}{"a": "1"}), "one", false))
	check(manager.Update(object(manager.ManagedFields(), map[string]interface{}{"a": "1", "b": "1"}), "two"))
	check(manager.Update(object(keep(manager.ManagedFields()), map[string]interface{}{"a": "1", "b": "1"}), "strip"))
	check(manager.Update(object(manager.ManagedFields(), map[string]interface{}{"a": "2", "b": "1"}), "three"))
	return len(manager.ManagedFields())
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	stripped := func([]metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry { return []metav1.ManagedFieldsEntry{{}} }
	oneLeft := func(entries []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry { return entries[1:] }
	fmt.Printf("after a strip: %d, with one entry left: %d\n", entriesAfter(stripped), entriesAfter(oneLeft))
}
GO
export GOFLAGS=-mod=mod GOWORK=off
go mod tidy >/dev/null 2>&1
seen=$(go run .)
expected="after a strip: 0, with one entry left: 2"
echo "k8s.io/apimachinery 0.36.3: $seen"
[ "$seen" = "$expected" ] || { echo "changed; expected: $expected" >&2; exit 1; }

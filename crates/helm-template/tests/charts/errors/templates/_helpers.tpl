{{- define "fails" }}{{ fail "inner failure" }}{{ end }}
{{- define "nil" }}{{ .a.b.c }}{{ end }}
{{- define "endless" }}{{ include "endless" . }}{{ end }}

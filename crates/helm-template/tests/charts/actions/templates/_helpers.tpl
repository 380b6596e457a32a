{{- define "greet" }}hello {{ . }}{{ end }}
{{- define "recursive" }}{{ . }}{{ if gt (int .) 0 }},{{ include "recursive" (sub . 1) }}{{ end }}{{ end -}}

{{- /* Definitions of every chart. Each has a link to this file in its templates, so that each installs by itself. */ -}}

{{- define "homeroom.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- /* Takes (list $ secret key): the value in the cluster, or a new one. Letters and digits only, because it is part of URLs. */ -}}
{{- define "homeroom.kept" -}}
{{- $root := index . 0 -}}
{{- $kept := (lookup "v1" "Secret" $root.Release.Namespace (index . 1)).data -}}
{{ get ($kept | default dict) (index . 2) | default (randAlphaNum 32 | b64enc) }}
{{- end }}

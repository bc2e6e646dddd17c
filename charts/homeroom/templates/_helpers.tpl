{{- define "homeroom.services" -}}
{{ list "families" "enrollment" "notifications" | toJson }}
{{- end }}

{{- define "homeroom.gateway" -}}
{{- if and .Values.gateway.enabled (not .Values.global.httpRoute.enabled) (not .Values.global.ingress.enabled) }}yes{{ end -}}
{{- end }}

{{- define "homeroom.selector" -}}
app.kubernetes.io/name: homeroom
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "homeroom.labels" -}}
{{ include "homeroom.selector" . }}
app.kubernetes.io/part-of: homeroom
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
{{- end }}

{{- define "homeroom.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- /* Takes the number of the image's user. */ -}}
{{- define "homeroom.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- /* The families image's user. */ -}}
{{- define "homeroom.familiesUser" -}}
{{ if .Values.global.development }}1000{{ else }}65532{{ end }}
{{- end }}

{{- define "homeroom.familiesImage" -}}
{{ include "service.imageOf" (dict "root" . "image" .Values.families.image "name" "families") }}
{{- end }}

{{- /* Takes (list $ secret key): what is kept in the cluster, or something new. */ -}}
{{- define "homeroom.kept" -}}
{{- $root := index . 0 -}}
{{- $kept := (lookup "v1" "Secret" $root.Release.Namespace (index . 1)).data -}}
{{ get ($kept | default dict) (index . 2) | default (randAlphaNum 32 | b64enc) }}
{{- end }}

{{- /* HAProxy's own words for an error, as the services would put it. Takes (list status code title). */ -}}
{{- define "homeroom.problem" -}}
'{"type":"https://homeroom.dev/problems/{{ index . 1 }}","title":"{{ index . 2 }}","status":{{ index . 0 }},"code":"{{ index . 1 }}","instance":"%ID"}'
{{- end }}

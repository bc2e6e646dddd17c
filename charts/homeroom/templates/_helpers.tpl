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

{{- define "homeroom.familiesImage" -}}
{{ include "homeroom.imageOf" (dict "root" . "image" .Values.families.image "name" "families") }}
{{- end }}

{{- define "homeroom.gatewayRoutes" -}}
{{- range $service := include "homeroom.services" . | fromJsonArray }}
  acl of_{{ $service }} path_reg ^/api/({{ join "|" (index $.Values $service).paths }})([/.?]|$)
  {{- range (index $.Values $service).pages }}
  acl of_{{ $service }} path_beg {{ . }}
  {{- end }}
  {{- range $n, $canary := $.Values.gateway.canaries }}
  {{- if eq .service $service }}
  # random instead of weighted: the share does not depend on the number of pods on either side
  use_backend canary-{{ $n }} if of_{{ $service }} { rand(100) lt {{ .percent }} } { nbsrv(canary-{{ $n }}) gt 0 }
  {{- end }}
  {{- end }}
  use_backend {{ $service }} if of_{{ $service }} { nbsrv({{ $service }}) gt 0 }
  use_backend {{ $service }}-last-resort if of_{{ $service }}
{{- end }}
{{- end }}

{{- /* A file shared with the local gateway. Takes (list $ file words): the replacements of words between @ signs. */ -}}
{{- define "homeroom.gatewayFile" -}}
{{- $text := (index . 0).Files.Get (printf "files/gateway/%s" (index . 1)) -}}
{{- range $word, $value := index . 2 }}{{ $text = replace (printf "@%s@" $word) $value $text }}{{ end -}}
{{ $text | trimSuffix "\n" }}
{{- end }}

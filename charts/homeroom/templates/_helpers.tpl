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

{{- /* A file shared with the local gateway. Takes (list $ file words): the replacements of words between @ signs. */ -}}
{{- define "homeroom.gatewayFile" -}}
{{- $text := (index . 0).Files.Get (printf "files/gateway/%s" (index . 1)) -}}
{{- range $word, $value := index . 2 }}{{ $text = replace (printf "@%s@" $word) (trimPrefix "\n" $value) $text }}{{ end -}}
{{ $text | trimSuffix "\n" }}
{{- end }}

{{- define "homeroom.gatewayRoutes" -}}
{{- range $service := include "homeroom.services" . | fromJsonArray }}
{{- $rules := list }}
{{- range (index $.Values $service).pages }}
{{- $rules = append $rules (printf "  acl of_%s path_beg %s" $service .) }}
{{- end }}
{{- /* at random and not by weight: the share does not depend on the number of pods on either side */ -}}
{{- range $n, $canary := $.Values.gateway.canaries }}
{{- if eq .service $service }}
{{- $rules = append $rules (printf "  use_backend canary-%d if of_%s { rand(100) lt %v } { nbsrv(canary-%d) gt 0 }" $n $service .percent $n) }}
{{- end }}
{{- end }}
{{- $paths := join "|" (index $.Values $service).paths }}
{{ include "homeroom.gatewayFile" (list $ "route.cfg" (dict "service" $service "paths" $paths "rules" (join "\n" $rules))) }}
{{- end }}
{{- end }}

{{- /* Takes (list $ service checked): the pods behind a headless Service. */ -}}
{{- define "homeroom.gatewayServers" -}}
{{- $root := index . 0 }}
{{- if index . 2 }}
  # a name comes before its pod is ready: one check must succeed first
  default-server check init-state down resolvers cluster resolve-prefer ipv4 init-addr none
{{- else }}
  default-server resolvers cluster resolve-prefer ipv4 init-addr none
{{- end }}
{{- with $root.Values.gateway }}
  server-template pod 1-{{ .slots }} {{ index $ 1 }}.{{ $root.Release.Namespace }}.svc.{{ .clusterDomain }}:3000
{{- end }}
{{- end }}

{{- define "homeroom.gatewayBackends" -}}
{{- $balance := .Values.gateway.balance }}
{{- if eq $balance "source" }}{{ $balance = "source\n  hash-type consistent" }}{{ end }}
{{- range include "homeroom.services" . | fromJsonArray }}
{{- $pods := printf "%s-%s-headless" $.Release.Name . }}
{{ include "homeroom.gatewayFile" (list $ "backend.cfg" (dict "name" . "balance" $balance "servers" (include "homeroom.gatewayServers" (list $ $pods true)))) }}

{{ include "homeroom.gatewayFile" (list $ "last-resort.cfg" (dict "name" . "servers" (include "homeroom.gatewayServers" (list $ $pods false)))) }}
{{ end }}
{{- range $n, $canary := .Values.gateway.canaries }}
{{ include "homeroom.gatewayFile" (list $ "backend.cfg" (dict "name" (printf "canary-%d" $n) "balance" $balance "servers" (include "homeroom.gatewayServers" (list $ .headlessService true)))) }}
{{ end }}
{{- end }}

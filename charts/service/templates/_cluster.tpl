{{- /* Whether a cluster can be queried: `helm template` has none. Service accounts are small, and installers may list them. */ -}}
{{- define "service.cluster" -}}
{{- if hasKey (lookup "v1" "ServiceAccount" .Release.Namespace "") "items" }}yes{{ end -}}
{{- end }}

{{- /* Takes (dict "value" "secret" "keys" "namespace" "found"): the error message for a Secret, or nothing. */ -}}
{{- define "service.refusedSecret" -}}
{{- if not .found -}}
{{ .value }} names the Secret {{ .secret }}, and namespace {{ .namespace }} has no Secret of that name: create it first, or correct the name.
{{- else -}}
{{- $has := keys (.found.data | default dict) | sortAlpha -}}
{{- $lacks := list -}}
{{- range .keys }}{{ if not (has . $has) }}{{ $lacks = append $lacks . }}{{ end }}{{ end -}}
{{- if $lacks -}}
{{ .value }} names the Secret {{ .secret }}, which has no key {{ join " and no key " $lacks }} (it has {{ join ", " $has | default "none" }}): add the key, or name another.
{{- end -}}
{{- end -}}
{{- end }}

{{- /* Takes (list $ value secret keys): fails if the values name a Secret that the namespace does not have. */ -}}
{{- define "service.requireSecret" -}}
{{- $namespace := (index . 0).Release.Namespace -}}
{{- with index . 2 -}}
{{- $found := lookup "v1" "Secret" $namespace . -}}
{{- with include "service.refusedSecret" (dict "value" (index $ 1) "secret" . "keys" (index $ 3) "namespace" $namespace "found" $found) -}}
{{- fail . -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* Takes (list $ prefix own): requires every Secret that a service's own values name, except those that the release creates. */ -}}
{{- define "service.requireOwnSecrets" -}}
{{- $root := index . 0 -}}{{- $prefix := index . 1 -}}{{- $own := index . 2 -}}
{{- with $root.Values.database.secret -}}
{{- if not (has .name $own) -}}
{{- $keys := ternary (list .appKey .ownerKey) (list .appKey) $root.Values.migrations.enabled -}}
{{- include "service.requireSecret" (list $root (printf "%sdatabase.secret.name" $prefix) .name $keys) -}}
{{- end -}}
{{- end -}}
{{- range $path, $secrets := dict "secrets" $root.Values.secrets "api.secrets" $root.Values.api.secrets "worker.secrets" $root.Values.worker.secrets -}}
{{- range $variable, $ref := $secrets -}}
{{- $name := tpl $ref.name $root -}}
{{- if not (has $name $own) -}}
{{- include "service.requireSecret" (list $root (printf "%s%s.%s.name" $prefix $path $variable) $name (list (tpl $ref.key $root))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* Takes (list $ keys): requires every Secret that `global` names; the signing Secret must have these keys. */ -}}
{{- define "service.requireGlobalSecrets" -}}
{{- $root := index . 0 -}}{{- $global := $root.Values.global -}}
{{- include "service.requireSecret" (list $root "global.signingSecret" $global.signingSecret (index . 1)) -}}
{{- range $which, $redis := $global.redis -}}
{{- include "service.requireSecret" (list $root (printf "global.redis.%s.secret.name" $which) $redis.secret.name (list $redis.secret.key)) -}}
{{- end -}}
{{- include "service.requireSecret" (list $root "global.smtp.secret.name" $global.smtp.secret.name (list $global.smtp.secret.key)) -}}
{{- range $global.image.pullSecrets -}}
{{- include "service.requireSecret" (list $root "global.image.pullSecrets" .name list) -}}
{{- end -}}
{{- end }}

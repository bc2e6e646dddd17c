{{- /* A forbidden lookup aborts the rendering, and Helm prints the name of the definition, so the name contains the fix. */ -}}
{{- define "homeroom.storageClasses (set global.checkCluster to false if you may not list them)" -}}
{{ (lookup "storage.k8s.io/v1" "StorageClass" "" "").items | default list | toJson }}
{{- end }}

{{- /* Takes (dict "name" "found"): the error message for a StorageClass or a missing default one, or nothing. */ -}}
{{- define "homeroom.refusedStorageClass" -}}
{{- $names := list -}}
{{- $default := false -}}
{{- range .found -}}
{{- $names = append $names .metadata.name -}}
{{- $notes := .metadata.annotations | default dict -}}
{{- range list "storageclass.kubernetes.io/is-default-class" "storageclass.beta.kubernetes.io/is-default-class" -}}
{{- if eq "true" (get $notes .) }}{{ $default = true }}{{ end -}}
{{- end -}}
{{- end -}}
{{- $available := sortAlpha $names | join ", " | default "none" -}}
{{- if and .name (not (has .name $names)) -}}
data.storageClass is {{ .name }}, and the cluster's StorageClasses are {{ $available }}: choose one of them.
{{- else if not (or .name $default) -}}
The cluster has no default StorageClass for the volumes of data (its StorageClasses are {{ $available }}): name one in data.storageClass, or mark one as default.
{{- end -}}
{{- end }}

{{- /* Names of the Secrets that this release creates. On an install they do not exist yet. */ -}}
{{- define "homeroom.ownSecrets" -}}
{{- $own := list -}}
{{- if not .Values.global.signingSecret }}{{ $own = append $own (printf "%s-signing" .Release.Name) }}{{ end -}}
{{- if .Values.coordinator.enabled }}{{ $own = append $own (printf "%s-coordinator" .Release.Name) }}{{ end -}}
{{- if .Values.operator.enabled }}{{ $own = append $own (printf "%s-operator" .Release.Name) }}{{ end -}}
{{- if .Values.data.enabled -}}
{{- if .Values.data.parts.redis }}{{ $own = append $own (printf "%s-data-redis" .Release.Name) }}{{ end -}}
{{- if .Values.data.parts.postgres -}}
{{- $own = append $own (printf "%s-data-postgres" .Release.Name) -}}
{{- range .Values.data.services }}{{ $own = append $own (printf "%s-%s-database" $.Release.Name .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{ toJson $own }}
{{- end }}

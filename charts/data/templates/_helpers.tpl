{{- /* Takes (list $ component). */ -}}
{{- define "data.fullname" -}}
{{ (index . 0).Release.Name }}-data-{{ index . 1 }}
{{- end }}

{{- define "data.selector" -}}
app.kubernetes.io/name: data
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "data.labels" -}}
{{ include "data.selector" . }}
app.kubernetes.io/part-of: homeroom
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
{{- end }}

{{- /* The start of every pod specification. Takes (list $ user components): the pods of these components are spread across nodes. */ -}}
{{- define "data.podSpec" -}}
serviceAccountName: {{ (index . 0).Release.Name }}-data
{{ include "homeroom.podSpec" (index . 0) }}
{{- with (index . 0).Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
securityContext:
  {{- include "homeroom.podSecurityContext" (index . 1) | nindent 2 }}
  fsGroup: {{ index . 1 }}
  fsGroupChangePolicy: OnRootMismatch
topologySpreadConstraints:
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: { app.kubernetes.io/name: data, app.kubernetes.io/instance: {{ (index $ 0).Release.Name }} }
      matchExpressions: [{ key: app.kubernetes.io/component, operator: In, values: {{ toJson (index $ 2) }} }]
  {{- end }}
{{- end }}

{{- /* Takes (list $ storage). */ -}}
{{- define "data.volumeClaim" -}}
- metadata: { name: data }
  spec:
    accessModes: [ReadWriteOnce]
    {{- with (index . 0).Values.storageClass }}
    storageClassName: {{ . }}
    {{- end }}
    resources: { requests: { storage: {{ index . 1 }} } }
{{- end }}

{{- define "data.settings" -}}
- -c
- max_connections={{ .Values.global.postgres.maxConnections }}
{{- range $name, $value := .Values.postgres.settings }}
- -c
- {{ printf "%s=%v" $name $value | quote }}
{{- end }}
{{- end }}

{{- define "data.sandboxImage" -}}
{{- with include "homeroom.refusedReference" (dict "value" "data.sandbox.image" "image" .Values.sandbox.image) }}{{ fail . }}{{ end -}}
{{ include "homeroom.imageOf" (dict "root" . "image" .Values.sandbox.image "name" "sandbox") }}
{{- end }}

{{- /* The enabled components, as (component, its key in `parts`, the port that the release's pods may connect to). */ -}}
{{- define "data.components" -}}
{{- $all := list (list "postgres" "postgres" 5432) (list "postgres-replica" "postgres" 5432) (list "redis-sessions" "redis" 6379) (list "redis-cache" "redis" 6379) (list "kafka" "kafka" 9092) (list "mail" "mail" 1025) (list "payments" "payments" 8090) -}}
{{- $enabled := list -}}
{{- range $all }}{{ if index $.Values.parts (index . 1) }}{{ $enabled = append $enabled . }}{{ end }}{{ end -}}
{{ toJson $enabled }}
{{- end }}

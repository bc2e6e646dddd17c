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

{{- /* Takes the number of the image's user. */ -}}
{{- define "data.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- /* The start of every pod specification. Takes (list $ user components): the pods of these components are spread across nodes. */ -}}
{{- define "data.podSpec" -}}
serviceAccountName: {{ (index . 0).Release.Name }}-data
automountServiceAccountToken: false
enableServiceLinks: false
{{- with (index . 0).Values.global.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with (index . 0).Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with (index . 0).Values.global.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
securityContext:
  {{- include "data.podSecurityContext" (index . 1) | nindent 2 }}
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
{{- with .Values.sandbox.image -}}
{{- if and .reference (not (regexMatch "(:[^:/]+|@sha256:[0-9a-f]{64})$" .reference)) -}}
{{- fail (printf "data.sandbox.image.reference is %s, which has neither a tag nor a digest: add one, such as %s:1.0." .reference .reference) -}}
{{- else if and .reference (or .repository .tag) -}}
{{- fail (printf "data.sandbox.image.reference is %s, and its repository or tag is set too: a reference is the whole name, so set only one of the two." .reference) -}}
{{- end -}}
{{ .reference | default (printf "%s:%s" (.repository | default (printf "%s/sandbox" $.Values.global.image.repository)) (.tag | default $.Values.global.image.tag | default $.Chart.AppVersion)) }}
{{- end -}}
{{- end }}

{{- /* Definitions of every chart. Each has a link to this file in its templates, so that each installs by itself. */ -}}

{{- /* Takes (dict "root" "image" "name"): the reference if there is one, otherwise repository and tag. */ -}}
{{- define "homeroom.imageOf" -}}
{{- with .image -}}
{{ .reference | default (printf "%s:%s" (.repository | default (printf "%s/%s" $.root.Values.global.image.repository $.name)) (.tag | default $.root.Values.global.image.tag | default $.root.Chart.AppVersion)) }}
{{- end -}}
{{- end }}

{{- /* Takes (dict "value" "image"): the error message for a reference, or nothing. */ -}}
{{- define "homeroom.refusedReference" -}}
{{- with .image.reference -}}
{{- if not (regexMatch "(:[^:/]+|@sha256:[0-9a-f]{64})$" .) -}}
{{ $.value }}.reference is {{ . }}, which has neither a tag nor a digest: add one, such as {{ . }}:1.0.
{{- else if or $.image.repository $.image.tag -}}
{{ $.value }}.reference is {{ . }}, and {{ $.value }}.{{ if $.image.tag }}tag is {{ $.image.tag }}{{ else }}repository is {{ $.image.repository }}{{ end }}: a reference is the whole name, so set only one of the two.
{{- end -}}
{{- end -}}
{{- end }}

{{- /* The user of the images that are built from this repository. */ -}}
{{- define "homeroom.imageUser" -}}
{{ ternary 1000 65532 .Values.global.development }}
{{- end }}

{{- /* The start of every pod specification. */ -}}
{{- define "homeroom.podSpec" -}}
automountServiceAccountToken: false
# no environment variables for the Services of the namespace
enableServiceLinks: false
{{- with .Values.global.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.global.image.pullSecrets }}
imagePullSecrets: {{ toJson . }}
{{- end }}
{{- end }}

{{- /* Takes the number of the image's user. */ -}}
{{- define "homeroom.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "homeroom.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- /* Takes (list $ secret key): the value in the cluster, or a new one. Letters and digits only, because it is part of URLs. */ -}}
{{- define "homeroom.storedSecret" -}}
{{- $root := index . 0 -}}
{{- $stored := (lookup "v1" "Secret" $root.Release.Namespace (index . 1)).data -}}
{{ get ($stored | default dict) (index . 2) | default (randAlphaNum 32 | b64enc) }}
{{- end }}

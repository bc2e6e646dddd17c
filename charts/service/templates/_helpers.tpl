{{- define "service.name" -}}
{{ .Values.name | default .Chart.Name }}
{{- end }}

{{- define "service.fullname" -}}
{{ .Release.Name }}-{{ include "service.name" . }}
{{- end }}

{{- /* Takes (list $ component): the labels that select pods. They must never change. */ -}}
{{- define "service.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "service.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{- define "service.labels" -}}
{{- $root := index . 0 -}}
{{ include "service.selector" . }}
app.kubernetes.io/part-of: homeroom
app.kubernetes.io/version: {{ include "service.version" $root | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
{{- end }}

{{- define "service.image" -}}
{{ include "homeroom.imageOf" (dict "root" . "image" .Values.image "name" (include "service.name" .)) }}
{{- end }}

{{- /* The image's tag, or the first digits of its digest, as a label value: at most 63 characters that begin and end with a letter or digit. */ -}}
{{- define "service.version" -}}
{{- $image := include "service.image" . -}}
{{- $tag := regexReplaceAll "@.*$" $image "" | regexFind ":[^:/]+$" | trunc 64 | trimAll ":-_." -}}
{{ $tag | default (regexFind "@sha256:[0-9a-f]{12}" $image | trimPrefix "@sha256:") }}
{{- end }}

{{- /* In development the next save may fix a process that does not start, so probes and deadlines allow a day. */ -}}
{{- define "service.waitSeconds" -}}
{{ if .Values.global.development }}86400{{ else }}{{ .Values.startup.waitSeconds }}{{ end }}
{{- end }}

{{- /* Takes (list $ resources): in development, the reloader is one more process, and it compiles sources in the container. */ -}}
{{- define "service.resources" -}}
{{- $root := index . 0 -}}{{- $resources := deepCopy (index . 1) -}}
{{- if $root.Values.global.development -}}
{{- $_ := set $resources.limits "memory" $root.Values.development.memoryLimit -}}
{{- $_ := set $resources.limits "ephemeral-storage" $root.Values.development.ephemeralStorageLimit -}}
{{- end -}}
{{ toJson $resources }}
{{- end }}

{{- define "service.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: {{ not .Values.global.development }}
capabilities: { drop: [ALL] }
{{- end }}

{{- /* Whether migrations run as a hook before everything else, which needs an existing database. An upgrade that creates or fixes the
Postgres of the data chart would wait in that hook for what it installs afterwards. */ -}}
{{- define "service.migratesFirst" -}}
{{- $primary := dict -}}
{{- $queried := and .Values.global.checkCluster (include "service.cluster" .) -}}
{{- if $queried }}{{ $primary = lookup "apps/v1" "StatefulSet" .Release.Namespace (printf "%s-data-postgres" .Release.Name) }}{{ end -}}
{{ include "service.databaseExists" (dict "host" .Values.global.postgres.host "upgrade" .Release.IsUpgrade "queried" $queried "primary" $primary) }}
{{- end }}

{{- /* Takes (dict "host" "upgrade" "queried" "primary"): on an upgrade the database exists, unless the cluster was queried and has no ready primary. */ -}}
{{- define "service.databaseExists" -}}
{{- if or .host (and .upgrade (or (not .queried) (dig "status" "readyReplicas" 0 .primary))) }}yes{{ end -}}
{{- end }}

{{- /* The pods of `data`, as peers of a NetworkPolicy. */ -}}
{{- define "service.engines" -}}
{{ list (dict "podSelector" (dict "matchLabels" (dict "app.kubernetes.io/instance" .Release.Name "app.kubernetes.io/name" "data"))) | toJson }}
{{- end }}

{{- /* Takes (list $ host): the peers at an address. An external address may be anywhere, which an empty list means. */ -}}
{{- define "service.peersAt" -}}
{{- if index . 1 }}[]{{ else }}{{ include "service.engines" (index . 0) }}{{ end -}}
{{- end }}

{{- /* Takes a URL: its port, or the default port of its scheme. */ -}}
{{- define "service.portOf" -}}
{{- $url := urlParse . -}}
{{- $usual := dict "http" "80" "https" "443" "smtp" "587" "smtps" "465" -}}
{{ regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (get $usual $url.scheme) }}
{{- end }}

{{- /* The variables that the chart sets for every process. Values must not set them. */ -}}
{{- define "service.ownVariables" -}}
DATABASE_PASSWORD DATABASE_URL DATABASE_REPLICA_URLS DATABASE_POOL_SIZE DATABASE_REPLICA_POOL_SIZE REDIS_SESSIONS_PASSWORD REDIS_SESSIONS_URL REDIS_CACHE_PASSWORD REDIS_CACHE_URL CURSOR_SECRET
{{- end }}

{{- define "service.postgresHost" -}}
{{ .Values.global.postgres.host | default (printf "%s-data-postgres-rw" .Release.Name) }}
{{- end }}

{{- /* Empty if there is no replica to read from. */ -}}
{{- define "service.replicaHost" -}}
{{- with .Values.global.postgres -}}
{{- if .host }}{{ .replicaHost }}{{ else if .replicas }}{{ .replicaHost | default (printf "%s-data-postgres-ro" $.Release.Name) }}{{ end -}}
{{- end -}}
{{- end }}

{{- define "service.databaseSecret" -}}
{{ .Values.database.secret.name | default (printf "%s-database" (include "service.fullname" .)) }}
{{- end }}

{{- /* Takes (list $ host role passwordVariable). */ -}}
{{- define "service.databaseUrl" -}}
{{- $root := index . 0 -}}
{{- $name := $root.Values.database.name | default (include "service.name" $root) -}}
postgres://{{ index . 2 }}:$({{ index . 3 }})@{{ index . 1 }}:{{ $root.Values.global.postgres.port }}/{{ $name }}
{{- end }}

{{- define "service.appRole" -}}
{{ .Values.database.user | default (printf "%s_app" (include "service.name" .)) }}
{{- end }}

{{- define "service.ownerRole" -}}
{{ .Values.database.owner | default (printf "%s_owner" (include "service.name" .)) }}
{{- end }}

{{- /* Takes (list $ "sessions"|"cache"): the password's variable and the URL. */ -}}
{{- define "service.redisEnv" -}}
{{- $root := index . 0 -}}{{- $which := index . 1 -}}{{- $upper := upper $which -}}
{{- $redis := index $root.Values.global.redis $which -}}
{{- $host := $redis.host | default (printf "%s-data-redis-%s" $root.Release.Name $which) -}}
{{- $secret := $redis.secret.name | default (ternary "" (printf "%s-data-redis" $root.Release.Name) (ne $redis.host "")) -}}
{{- $scheme := ternary "rediss" "redis" $redis.tls -}}
{{- if $secret -}}
- name: REDIS_{{ $upper }}_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ $secret }}, key: {{ $redis.secret.key }} } }
- name: REDIS_{{ $upper }}_URL
  value: {{ $scheme }}://:$(REDIS_{{ $upper }}_PASSWORD)@{{ $host }}:{{ $redis.port }}
{{- else -}}
- name: REDIS_{{ $upper }}_URL
  value: {{ $scheme }}://{{ $host }}:{{ $redis.port }}
{{- end -}}
{{- end }}

{{- /* Takes (list $ role): "yes" if an autoscaler sets the number of pods. */ -}}
{{- define "service.autoscaled" -}}
{{- $global := (index . 0).Values.global -}}
{{- $own := (index (index . 0).Values (index . 1)).autoscaling -}}
{{- if and (or $global.autoscaling.enabled $global.keda.enabled) (dig "enabled" true $own) }}yes{{ end -}}
{{- end }}

{{- /* Takes (list $ role): the most pods of a process, those of a rollout included. */ -}}
{{- define "service.mostPods" -}}
{{- with index (index . 0).Values (index . 1) -}}
{{ add (ternary .autoscaling.maxReplicas .replicas (eq "yes" (include "service.autoscaled" $))) .maxSurge }}
{{- end -}}
{{- end }}

{{- /* Takes (list $ "primary"|"replica"): the most connections of all pods. To the primary, a migration and the relay of each
worker have one more. */ -}}
{{- define "service.connections" -}}
{{- $root := index . 0 -}}{{- $pool := index . 1 -}}{{- $primary := eq $pool "primary" -}}
{{- $sum := ternary 1 0 (and $primary $root.Values.migrations.enabled) -}}
{{- range $role := list "api" "worker" -}}
{{- with index $root.Values $role -}}
{{- $each := add (index .pool $pool) (ternary 1 0 (and $primary (eq $role "worker"))) -}}
{{- if .enabled }}{{ $sum = add $sum (mul (include "service.mostPods" (list $root $role)) $each) }}{{ end -}}
{{- end -}}
{{- end -}}
{{ $sum }}
{{- end }}

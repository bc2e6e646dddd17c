{{- /* Takes (list $ "api"|"worker"): the pod of a process. The two differ in their command, port and configuration alone. */ -}}
{{- define "service.pod" -}}
{{- $root := index . 0 -}}{{- $role := index . 1 -}}
{{- with $root -}}
{{- $process := index .Values $role -}}
{{- /* nobody waits for a balancer between a save and the new code */ -}}
{{- $preStop := ternary 1 (int .Values.shutdown.preStopSeconds) .Values.global.development -}}
metadata:
  labels:
    {{- include "service.labels" (list . $role) | nindent 4 }}
  annotations:
    # a change of configuration is a change of the pod, and rolls
    checksum/config: {{ include (print .Template.BasePath "/configmap.yaml") . | sha256sum }}
    prometheus.io/scrape: 'true'
    prometheus.io/port: '9100'
    prometheus.io/path: /metrics
    {{- with .Values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "service.fullname" . }}
  automountServiceAccountToken: false
  # variables that Kubernetes makes of other Services' names are none of ours
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ add $preStop .Values.shutdown.deadlineSeconds 5 }}
  {{- with .Values.global.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  {{- with .Values.global.image.pullSecrets }}
  imagePullSecrets: {{ toJson . }}
  {{- end }}
  securityContext:
    {{- include "service.podSecurityContext" . | nindent 4 }}
  topologySpreadConstraints:
    {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
    - maxSkew: 1
      topologyKey: {{ . }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "service.selector" (list $root $role) | nindent 10 }}
      # pods of the version that leaves do not count
      matchLabelKeys: [pod-template-hash]
    {{- end }}
  {{- with $process.nodeSelector }}
  nodeSelector: {{ toJson . }}
  {{- end }}
  {{- with $process.tolerations }}
  tolerations: {{ toJson . }}
  {{- end }}
  containers:
    - name: {{ $role }}
      image: {{ include "service.image" . }}
      imagePullPolicy: {{ .Values.global.image.pullPolicy }}
      args: [services/{{ include "service.name" . }}/dist/{{ $role }}.js]
      ports:
        {{- if eq $role "api" }}
        - { name: http, containerPort: 3000 }
        {{- end }}
        - { name: ops, containerPort: 9100 }
      envFrom:
        - configMapRef: { name: {{ include "service.fullname" . }} }
      env:
        {{- include "service.env" (list . $process) | trim | nindent 8 }}
      startupProbe:
        httpGet: { path: /health/startup, port: ops }
        periodSeconds: 1
        # longer than a process waits by itself: it says why it ends, a probe does not
        failureThreshold: {{ add (include "service.waitSeconds" .) 10 }}
      readinessProbe:
        httpGet: { path: /health/ready, port: ops }
        periodSeconds: 2
        # without CPU an answer is late: were it taken for none, all pods of a starved node would leave at once. A pod that drains is
        # taken out because it is deleted, and one that has died because its container has
        failureThreshold: 3
        timeoutSeconds: 5
      livenessProbe:
        httpGet: { path: /health/live, port: ops }
        periodSeconds: 10
        failureThreshold: {{ ternary 8640 3 .Values.global.development }}
        timeoutSeconds: 5
      lifecycle:
        preStop: { sleep: { seconds: {{ $preStop }} } }
      resources: {{ include "service.resources" (list . $process.resources) }}
      securityContext:
        {{- include "service.securityContext" . | nindent 8 }}
      volumeMounts:
        - { name: tmp, mountPath: /tmp }
  volumes:
    - { name: tmp, emptyDir: { sizeLimit: 64Mi } }
{{- end -}}
{{- end }}

{{- /* Takes (list $ process): what a process is told besides the ConfigMap. */ -}}
{{- define "service.env" -}}
{{- $root := index . 0 -}}{{- $process := index . 1 -}}
{{- with $root -}}
- name: DATABASE_PASSWORD
  valueFrom: { secretKeyRef: { name: {{ include "service.databaseSecret" . }}, key: {{ .Values.database.secret.appKey }} } }
- name: DATABASE_URL
  value: {{ include "service.databaseUrl" (list . (include "service.postgresHost" .) (include "service.appRole" .) "DATABASE_PASSWORD") }}
{{- with include "service.replicaHost" . }}
- name: DATABASE_REPLICA_URLS
  value: {{ include "service.databaseUrl" (list $root . (include "service.appRole" $root) "DATABASE_PASSWORD") }}
{{- end }}
- name: DATABASE_POOL_SIZE
  value: {{ $process.pool.primary | quote }}
- name: DATABASE_REPLICA_POOL_SIZE
  value: {{ $process.pool.replica | quote }}
{{- include "service.redisEnv" (list . "sessions") }}
{{- include "service.redisEnv" (list . "cache") }}
- name: CURSOR_SECRET
  valueFrom: { secretKeyRef: { name: {{ include "service.signingSecret" . }}, key: cursor-secret } }
{{- include "service.secretEnv" (list . .Values.secrets) }}
{{- include "service.secretEnv" (list . $process.secrets) }}
{{- range $name, $value := $process.config }}
{{- with tpl (toString $value) $root }}
- name: {{ $name }}
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- end -}}
{{- end }}

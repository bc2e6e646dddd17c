{{- /* The Job that adds an account by a command of families. Takes (list $ role): a key of the values with email and name. */ -}}
{{- define "homeroom.accountJob" -}}
{{- $role := index . 1 }}
{{- with index . 0 }}
{{- $account := index .Values $role }}
# Runs again on every upgrade, with the same result. It is the last hook and waits for the schema itself, because the back-off
# between restarts would soon exceed its deadline.
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-{{ $role }}
  labels:
    {{- include "homeroom.labels" (list . $role) | nindent 4 }}
  annotations:
    helm.sh/hook: post-install,post-upgrade
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
spec:
  backoffLimit: 8
  activeDeadlineSeconds: 300
  template:
    metadata:
      labels:
        # the labels of the families pods, so that the same NetworkPolicy lets it reach their database
        app.kubernetes.io/name: families
        app.kubernetes.io/instance: {{ .Release.Name }}
        app.kubernetes.io/component: {{ $role }}
        app.kubernetes.io/part-of: homeroom
    spec:
      restartPolicy: OnFailure
      {{- include "homeroom.podSpec" . | nindent 6 }}
      securityContext:
        {{- include "homeroom.podSecurityContext" (include "homeroom.imageUser" .) | nindent 8 }}
      containers:
        - name: add-{{ $role }}
          image: {{ include "homeroom.familiesImage" . }}
          imagePullPolicy: {{ .Values.global.image.pullPolicy }}
          args:
            - services/families/dist/commands/add-{{ $role }}.js
            - --email
            - {{ $account.email | quote }}
            - --name
            - {{ $account.name | quote }}
            - --password-file
            - /run/secrets/{{ $role }}/password
          env:
            - { name: SCHEMA_WAIT_MS, value: '270000' }
            - name: DATABASE_PASSWORD
              valueFrom: { secretKeyRef: { name: {{ .Values.families.database.secret.name | default (printf "%s-families-database" .Release.Name) }}, key: {{ .Values.families.database.secret.appKey }} } }
            - name: DATABASE_URL
              value: postgres://{{ .Values.families.database.user | default "families_app" }}:$(DATABASE_PASSWORD)@{{ .Values.global.postgres.host | default (printf "%s-data-postgres-rw" .Release.Name) }}:{{ .Values.global.postgres.port }}/{{ .Values.families.database.name | default "families" }}
            # a changed password ends the sessions of the account
            {{- include "service.redisEnv" (list . "sessions") | nindent 12 }}
          resources:
            requests: { cpu: 20m, memory: 64Mi, ephemeral-storage: 32Mi }
            limits: { cpu: '1', memory: 256Mi, ephemeral-storage: 128Mi }
          securityContext:
            {{- include "homeroom.containerSecurityContext" . | nindent 12 }}
          volumeMounts:
            - { name: password, mountPath: /run/secrets/{{ $role }}, readOnly: true }
      volumes:
        - name: password
          secret:
            secretName: {{ .Release.Name }}-{{ $role }}
            items: [{ key: password, path: password }]
{{- end }}
{{- end }}

{{- /* The Secret with the password of such an account, made at the first install. */ -}}
{{- define "homeroom.accountSecret" -}}
{{- $role := index . 1 }}
{{- with index . 0 }}
{{- $name := printf "%s-%s" .Release.Name $role }}
apiVersion: v1
kind: Secret
metadata:
  name: {{ $name }}
  labels:
    {{- include "homeroom.labels" (list . $role) | nindent 4 }}
  annotations: { helm.sh/resource-policy: keep }
data:
  email: {{ b64enc (index .Values $role).email }}
  password: {{ include "homeroom.storedSecret" (list . $name "password") }}
{{- end }}
{{- end }}

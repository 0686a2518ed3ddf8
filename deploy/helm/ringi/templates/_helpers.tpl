{{- define "ringi.name" -}}
{{- default .Release.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "ringi.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}{{ .repository }}@{{ .digest }}{{- else -}}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "ringi.labels" -}}
app.kubernetes.io/name: ringi
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: ringi-crm
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{ include "ringi.selector" . }}
{{- end -}}

{{- define "ringi.selector" -}}
ringi/installation: {{ include "ringi.name" .root }}
app.kubernetes.io/component: {{ .process }}
{{- end -}}

{{/* The port on which a kind answers probes. */}}
{{- define "ringi.port" -}}
{{- if eq .kind "worker" -}}9000{{- else -}}8000{{- end -}}
{{- end -}}

{{/* The ports on which Prometheus asks a kind. */}}
{{- define "ringi.figures" -}}
{{- if eq .kind "worker" -}}[9000, 9001]{{- else if has .kind (list "shell" "remote") -}}[9000]{{- else -}}[8000]{{- end -}}
{{- end -}}

{{- define "ringi.secret" -}}
{{- required "secrets.existingSecret: the name of the Secret with keys and database URLs" .Values.secrets.existingSecret -}}
{{- end -}}

{{/* Of a process: its own value, or else its kind's. Call with root, process, kind, field; the value comes as JSON. */}}
{{- define "ringi.own" -}}
{{- $own := default dict (get .root.Values.processes .process) -}}
{{- $of := get .root.Values.kinds .kind -}}
{{- if hasKey $own .field -}}{{ get $own .field | toJson }}{{- else -}}{{ get $of .field | toJson }}{{- end -}}
{{- end -}}

{{- define "ringi.hardened" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{- define "ringi.hardenedPod" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* Variables that every process reads, and those of its own under `settings`. Call with root, process. */}}
{{- define "ringi.settings" -}}
{{- $name := include "ringi.name" .root -}}
{{- $given := dict
    "RINGI_ENV" "production"
    "RINGI_PUBLIC_URL" .root.Values.publicUrl
    "RINGI_GATEWAY_URL" (printf "http://%s-gateway:8000" $name)
    "RINGI_LOG_LEVEL" .root.Values.log.level
    "RINGI_TRUSTED_PROXIES" .root.Values.trustedProxies
    "RINGI_TEMPORAL_ADDRESS" (required "temporal.address: host and port of Temporal's frontend" .root.Values.temporal.address)
    "RINGI_TEMPORAL_NAMESPACE" .root.Values.temporal.namespace
    "RINGI_KAFKA_BOOTSTRAP" (required "kafka.bootstrap: host and port of a Kafka broker" .root.Values.kafka.bootstrap)
-}}
{{- range $service := list "auth" "customer" "sales-activity" "opportunity" "analytics" -}}
{{- $_ := set $given (printf "RINGI_%s_URL" ($service | upper | replace "-" "_")) (printf "http://%s-%s:8000" $name $service) -}}
{{- end -}}
{{- with .root.Values.temporal.uiUrl }}{{ $_ := set $given "RINGI_TEMPORAL_UI_URL" . }}{{ end -}}
{{- with .root.Values.otlp.endpoint }}{{ $_ := set $given "RINGI_OTLP_ENDPOINT" . }}{{ end -}}
{{- with .more }}{{ $_ := merge $given . }}{{ end -}}
{{- $_ := mergeOverwrite $given (default dict .root.Values.settings.all) (default dict (get .root.Values.settings .process)) -}}
{{- range $variable := keys $given | sortAlpha }}
- name: {{ $variable }}
  value: {{ get $given $variable | toString | quote }}
{{- end -}}
{{- end -}}

{{- define "ringi.fromSecret" -}}
- name: {{ .variable }}
  valueFrom:
    secretKeyRef: {name: {{ .secret | quote }}, key: {{ .variable }}{{ if .optional }}, optional: true{{ end }}}
{{- end -}}

{{- define "ringi.spread" -}}
{{- if .root.Values.topologySpread.enabled }}
topologySpreadConstraints:
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "ringi.selector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "ringi.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "ringi.live" -}}
{{- if eq .kind "gateway" -}}/api/healthz{{- else -}}/healthz{{- end -}}
{{- end -}}

{{- define "ringi.ready" -}}
{{- if eq .kind "gateway" -}}/api/readyz{{- else if eq .kind "remote" -}}/healthz{{- else -}}/readyz{{- end -}}
{{- end -}}

{{/* Certificates for what is reached by TLS, and what signs in there. Call with root. */}}
{{- define "ringi.certificateMount" -}}
{{- if .Values.certificates.secret }}
- {name: certificates, mountPath: /etc/ringi/certificates, readOnly: true}
{{- end }}
{{- end -}}

{{- define "ringi.certificateVolume" -}}
{{- with .Values.certificates.secret }}
- name: certificates
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{- end }}
{{- end -}}

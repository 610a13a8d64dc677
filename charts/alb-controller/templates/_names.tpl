{{- define "alb-controller.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "alb-controller.fullname" -}}
{{- $name := include "alb-controller.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "alb-controller.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "alb-controller.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "alb-controller.selectorLabels" -}}
app.kubernetes.io/name: {{ include "alb-controller.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "alb-controller.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "alb-controller.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- with .Values.additionalLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Of an object in the release's namespace; the argument is (context, name). */}}
{{- define "alb-controller.metadata" -}}
{{- $context := index . 0 -}}
metadata:
  name: {{ index . 1 }}
  namespace: {{ $context.Release.Namespace }}
  labels:
    {{- include "alb-controller.labels" $context | nindent 4 }}
{{- end -}}

{{/* The same for an object of the cluster. */}}
{{- define "alb-controller.clusterMetadata" -}}
metadata:
  name: {{ index . 1 }}
  labels:
    {{- include "alb-controller.labels" (index . 0) | nindent 4 }}
{{- end -}}

{{- define "alb-controller.metricsPort" -}}
{{- last (splitList ":" (default ":8080" .Values.metricsBindAddr)) -}}
{{- end -}}

{{/* Whether somebody else makes the webhooks' certificate: text, empty for no. */}}
{{- define "alb-controller.hasCertificate" -}}
{{- if or .Values.enableCertManager (include "alb-controller.hasOwnCertificate" .) -}}yes{{- end -}}
{{- end -}}

{{- define "alb-controller.hasOwnCertificate" -}}
{{- with .Values.webhookTLS -}}
{{- if and .caCert .cert .key -}}yes{{- end -}}
{{- end -}}
{{- end -}}

{{- define "alb-controller.classParams" -}}
{{- default .Values.ingressClass .Values.ingressClassParams.name -}}
{{- end -}}

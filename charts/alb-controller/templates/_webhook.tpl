{{/*
One webhook. Arguments: context; name; path; failurePolicy; group; version; operations; resource; and
what else stands in it, as YAML.
*/}}
{{- define "alb-controller.webhook" -}}
- name: {{ .name }}.elbv2.k8s.aws
  clientConfig:
    {{- if include "alb-controller.hasOwnCertificate" .context }}
    caBundle: {{ .context.Values.webhookTLS.caCert | b64enc }}
    {{- end }}
    service:
      name: aws-load-balancer-webhook-service
      namespace: {{ .context.Release.Namespace }}
      path: {{ .path }}
  rules:
    - apiGroups: [{{ .group | quote }}]
      apiVersions: [{{ .version }}]
      operations: {{ .operations | toJson }}
      resources: [{{ .resource }}]
  failurePolicy: {{ .failurePolicy }}
  sideEffects: None
  admissionReviewVersions: [v1]
  timeoutSeconds: 5
{{- end -}}

{{- define "alb-controller.webhookMetadata" -}}
{{ include "alb-controller.clusterMetadata" (list . "aws-load-balancer-webhook") }}
  {{- if .Values.enableCertManager }}
  annotations:
    cert-manager.io/inject-ca-from: {{ .Release.Namespace }}/aws-load-balancer-serving-cert
  {{- end }}
{{- end -}}

{{/* Selectors that are empty are left out. */}}
{{- define "alb-controller.selector" -}}
{{- $found := dict -}}
{{- range $key := list "matchExpressions" "matchLabels" -}}
{{- with index $ $key }}{{- $_ := set $found $key . -}}{{ end -}}
{{- end -}}
{{- $found | toJson -}}
{{- end -}}

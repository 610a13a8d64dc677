{{/* The controller's flags out of the values. What is unset is not passed. */}}
{{- define "alb-controller.flags" -}}
- --cluster-name={{ required "clusterName is required: the name of the Kubernetes cluster" .Values.clusterName }}
- --ingress-class={{ .Values.ingressClass }}
- --default-target-type={{ .Values.defaultTargetType }}
{{- /* text and numbers: false and null are unset, 0 is a number */ -}}
{{- $plain := dict
  "aws-region" .Values.region
  "aws-vpc-id" .Values.vpcId
  "aws-api-endpoints" .Values.awsApiEndpoints
  "aws-max-retries" .Values.awsMaxRetries
  "default-load-balancer-scheme" .Values.defaultLoadBalancerScheme
  "default-ssl-policy" .Values.defaultSSLPolicy
  "backend-security-group" .Values.backendSecurityGroup
  "service-target-eni-security-group-tags" .Values.serviceTargetENISGTags
  "max-targets-per-target-group" .Values.maxTargetsPerTargetGroup
  "lb-stabilization-monitor-interval" .Values.lbStabilizationMonitorInterval
  "allowed-certificate-authority-arns" .Values.certDiscovery.allowedCertificateAuthorityARNs
  "default-pca-arn" .Values.certManagement.defaultPCAARN
  "watch-namespace" .Values.watchNamespace
  "load-balancer-class" .Values.loadBalancerClass
  "log-level" .Values.logLevel
  "sync-period" .Values.syncPeriod
  "metrics-bind-addr" .Values.metricsBindAddr
  "webhook-bind-port" .Values.webhookBindPort
  "ingress-max-concurrent-reconciles" .Values.ingressMaxConcurrentReconciles
  "service-max-concurrent-reconciles" .Values.serviceMaxConcurrentReconciles
  "targetgroupbinding-max-concurrent-reconciles" .Values.targetgroupbindingMaxConcurrentReconciles
  "targetgroupbinding-max-exponential-backoff-delay" .Values.targetgroupbindingMaxExponentialBackoffDelay
  "targetgroupbinding-requeue-duration" .Values.targetgroupbindingRequeueDuration
  "alb-gateway-max-concurrent-reconciles" .Values.albGatewayMaxConcurrentReconciles
  "nlb-gateway-max-concurrent-reconciles" .Values.nlbGatewayMaxConcurrentReconciles
  "globalaccelerator-max-concurrent-reconciles" .Values.globalAcceleratorMaxConcurrentReconciles
  "globalaccelerator-max-exponential-backoff-delay" .Values.globalAcceleratorMaxExponentialBackoffDelay
  "aws-api-throttle" (join "," .Values.awsApiThrottle)
  "allowed-assume-role-arns" (join "," .Values.allowedAssumeRoleARNs)
  "external-managed-tags" (join "," .Values.externalManagedTags)
  "aws-vpc-tags" (include "alb-controller.pairs" .Values.vpcTags)
  "default-tags" (include "alb-controller.pairs" .Values.defaultTags)
  "feature-gates" (include "alb-controller.pairs" .Values.controllerConfig.featureGates)
-}}
{{- range $flag, $value := $plain }}
{{- if $value }}
- {{ printf "--%s=%v" $flag (include "alb-controller.text" $value) | quote }}
{{- end }}
{{- end }}
{{- $claims := dict
  "enable-backend-security-group" .Values.enableBackendSecurityGroup
  "enable-manage-backend-security-group-rules" .Values.enableManageBackendSecurityGroupRules
  "disable-restricted-sg-rules" .Values.disableRestrictedSecurityGroupRules
  "tolerate-non-existent-backend-service" .Values.tolerateNonExistentBackendService
  "tolerate-non-existent-backend-action" .Values.tolerateNonExistentBackendAction
  "enable-shield" .Values.enableShield
  "enable-waf" .Values.enableWaf
  "enable-wafv2" .Values.enableWafv2
  "disable-ingress-class-annotation" .Values.disableIngressClassAnnotation
  "disable-ingress-group-name-annotation" .Values.disableIngressGroupNameAnnotation
  "enable-endpoint-slices" .Values.enableEndpointSlices
  "enable-pod-readiness-gate-inject" .Values.enablePodReadinessGateInject
  "strict-admission" .Values.strictAdmission
-}}
{{- range $flag, $value := $claims }}
{{- if kindIs "bool" $value }}
- --{{ $flag }}={{ $value }}
{{- end }}
{{- end }}
{{- if include "alb-controller.hasCertificate" . }}
- --webhook-cert-dir=/tmp/k8s-webhook-server/serving-certs
{{- else }}
- --webhook-cert-secret=aws-load-balancer-tls
{{- end }}
{{- range .Values.extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end -}}

{{/* A map as k=v,k=v in the order of its keys; a pair with a comma is quoted as in CSV. */}}
{{- define "alb-controller.pairs" -}}
{{- $pairs := list -}}
{{- range $key, $value := . -}}
{{- $pair := printf "%s=%v" $key $value -}}
{{- if or (contains "," $pair) (contains "\"" $pair) -}}
{{- $pair = printf "\"%s\"" (replace "\"" "\"\"" $pair) -}}
{{- end -}}
{{- $pairs = append $pairs $pair -}}
{{- end -}}
{{- join "," $pairs -}}
{{- end -}}

{{/* Numbers without an exponent: Helm reads them as floats. */}}
{{- define "alb-controller.text" -}}
{{- if kindIs "float64" . }}{{ int64 . }}{{ else }}{{ . }}{{ end -}}
{{- end -}}

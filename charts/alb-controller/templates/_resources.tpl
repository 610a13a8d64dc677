{{/* The container's resources. Refused where the chart's own limit is below a request of yours. */}}
{{- define "alb-controller.resources" -}}
{{- $resources := .Values.resources | default dict -}}
{{- $request := include "alb-controller.bytes" (dig "requests" "memory" "" $resources) | float64 -}}
{{- $limit := dig "limits" "memory" "" $resources -}}
{{- if and $limit (gt $request (include "alb-controller.bytes" $limit | float64)) -}}
{{- fail (printf "resources.limits.memory is %v (512Mi unless you set it), less than resources.requests.memory: set it, too" $limit) -}}
{{- end -}}
{{- toYaml $resources -}}
{{- end -}}

{{/* A quantity of memory in bytes; 0 for one that is written in another way. */}}
{{- define "alb-controller.bytes" -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 -}}
{{- $unit := regexReplaceAll "^[0-9.]+" (toString .) "" -}}
{{- mulf (regexFind "^[0-9.]+" (toString .) | float64) (get $units $unit | default 0) -}}
{{- end -}}

{{- /* The labels of all that is ours. */ -}}
{{- define "campanile.labels" -}}
app.kubernetes.io/name: campanile
app.kubernetes.io/component: notification-controller
app.kubernetes.io/part-of: flux
{{- end -}}

{{- /* An object of a file as kustomize would have it: with namespace and labels. Takes: context, object, narrow (a Role for a ClusterRole). */ -}}
{{- define "campanile.object" -}}
{{- $object := .object -}}
{{- if .narrow -}}
  {{- $_ := set $object "kind" (trimPrefix "Cluster" $object.kind) -}}
  {{- with $object.roleRef }}{{ $_ := set . "kind" "Role" }}{{ end -}}
{{- end -}}
{{- if not (has $object.kind (list "ClusterRole" "ClusterRoleBinding" "CustomResourceDefinition")) -}}
  {{- $_ := set $object.metadata "namespace" .context.Release.Namespace -}}
{{- end -}}
{{- range $object.subjects }}{{ $_ := set . "namespace" $.context.Release.Namespace }}{{ end -}}
{{- $labels := include "campanile.labels" .context | fromYaml -}}
{{- $_ := set $object.metadata "labels" (merge $labels ($object.metadata.labels | default dict)) -}}
---
{{ toYaml $object }}
{{ end -}}

{{- /* All objects of a file. Takes: context, file, narrow. */ -}}
{{- define "campanile.file" -}}
{{- range splitList "\n---\n" (.context.Files.Get .file) -}}
{{- include "campanile.object" (dict "context" $.context "object" (fromYaml .) "narrow" $.narrow) -}}
{{- end -}}
{{- end -}}

{{- /* An object that stays when the release goes. Takes: object. */ -}}
{{- define "campanile.keep" -}}
{{- $annotations := dict "helm.sh/resource-policy" "keep" -}}
{{- $_ := set .object.metadata "annotations" (merge $annotations (.object.metadata.annotations | default dict)) -}}
{{- end -}}

{{- /* The name of the image. */ -}}
{{- define "campanile.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end -}}
{{- end -}}

{{- /* The flags: the first four by their places, which installers know; the others behind them. */ -}}
{{- define "campanile.args" -}}
{{- $values := .Values -}}
- {{ ternary "--watch-all-namespaces" "--watch-all-namespaces=false" $values.watchAllNamespaces }}
- --log-level={{ $values.logLevel }}
- --log-encoding=json
- --enable-leader-election
- --state-dir=/state/outbox
{{- if $values.hardened }}
- --no-cross-namespace-refs=true
- --no-private-destinations=true
{{- end }}
{{- with $values.allowDestinations }}
- --allow-destinations={{ join "," . }}
{{- end }}
{{- if ne $values.eventAuth.mode "disabled" }}
- --event-auth={{ $values.eventAuth.mode }}
{{- with $values.eventAuth.controllers }}
- --event-auth-controllers={{ join "," . }}
{{- end }}
{{- end }}
{{- with $values.workloadIdentity.defaultServiceAccount }}
- --default-service-account={{ . }}
{{- end }}
{{- range $values.args }}
- {{ toJson . }}
{{- end }}
{{- end -}}

{{- define "presync.name" -}}
{{- printf "gitops-kong-presync-%s" .Values.application.name | trunc 63 | trimSuffix "-" | trimSuffix "." -}}
{{- end }}
{{- define "presync.account" -}}
{{- .Values.serviceAccount.name | default (include "presync.name" .) -}}
{{- end }}
{{- define "presync.hook" -}}
argocd.argoproj.io/hook: PreSync
argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
{{- end }}
{{- define "presync.labels" -}}
app.kubernetes.io/name: gitops-kong
app.kubernetes.io/component: presync
{{- end }}

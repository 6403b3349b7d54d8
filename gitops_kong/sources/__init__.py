"""Where manifests come from: files, Kustomize, Helm, Argo CD, Flux, Git."""

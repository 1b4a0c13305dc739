#!/bin/sh
# helm upgrade flux fluxcd-community/flux2 --values values.yaml --post-renderer ./post-renderer.sh
# Reads what Helm rendered and prints it with the patches of kustomization.yaml.
set -eu
cd "$(dirname "$0")"
trap 'rm -f all.yaml' EXIT
cat >all.yaml
kubectl kustomize .

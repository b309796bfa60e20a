#!/usr/bin/env bash
# Installs what tests need besides npm's packages: the real clients that tests/e2e drives, as Debian packages or built by Go into a folder of
# their own, and the servers that Longshore works with: PostgreSQL, an S3-compatible store, load balancers.
#
#   scripts/install-clients.sh            what CI needs: a minute or two
#   scripts/install-clients.sh --stores   only PostgreSQL and the S3-compatible store
#   scripts/install-clients.sh --all      helm and cosign as well: many minutes
#   scripts/install-clients.sh --path     prints the folder that has to stand first on PATH, installs nothing
#
# Needs root for the packages and Go 1.26 for the rest. What is there already is left as it is.
set -uo pipefail

folder="${E2E_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/longshore-clients}"
stores=(postgresql swift-proxy swift-account swift-container swift-object)
packages=("${stores[@]}" nginx haproxy docker.io containerd runc podman crun skopeo buildah strace e2fsprogs openssl ca-certificates)
export PATH="$folder:$PATH:/usr/local/go/bin"
failed=0

main() {
  case "${1:-}" in
    --path) echo "$folder" && return ;;
    --stores) packages=("${stores[@]}") && install_packages && exit "$failed" ;;
    --all | '') ;;
    *) echo "usage: $0 [--all | --stores | --path]" >&2 && exit 2 ;;
  esac
  debian_packages
  go_program crane github.com/google/go-containerregistry/cmd/crane@v0.22.1
  go_program regctl github.com/regclient/regclient/cmd/regctl@v0.11.7
  # Debian's 0.6 does not follow AWS_ENDPOINT_URL, so ours goes first.
  go_program docker-credential-ecr-login github.com/awslabs/amazon-ecr-credential-helper/ecr-login/cli/docker-credential-ecr-login@v0.12.0
  if [[ "${1:-}" == --all ]]; then
    go_program helm helm.sh/helm/v4/cmd/helm@v4.3.1
    go_program cosign github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
  fi
  exit "$failed"
}

debian_packages() {
  command -v aws >/dev/null || packages+=(awscli)
  python3 -c 'import boto3' 2>/dev/null || packages+=(python3 python3-boto3)
  install_packages
}

# Servers that start by themselves after this are left alone: tests start their own.
install_packages() {
  local missing=() package
  for package in "${packages[@]}"; do
    dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  if ((${#missing[@]} == 0)); then return; fi
  echo "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  quietly apt-get update && quietly apt-get install --yes --no-install-recommends "${missing[@]}"
}

# A program of this name elsewhere on PATH will do, except for the credential helper, which has to be new enough.
go_program() {
  local name=$1 module=$2
  if [[ -x "$folder/$name" ]]; then return; fi
  if [[ "$name" != docker-credential-ecr-login ]] && command -v "$name" >/dev/null; then return; fi
  echo "building $name"
  mkdir -p "$folder"
  GOBIN="$folder" quietly go install "$module"
}

# Says nothing unless the command fails.
quietly() {
  local said
  if ! said=$("$@" 2>&1 </dev/null); then
    echo "failed: $1 ${2:-}" >&2
    tail -n 20 <<<"$said" >&2
    failed=1
    return 1
  fi
}

main "$@"

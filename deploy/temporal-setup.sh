#!/bin/sh
# Registers the namespace and the search attributes that the workflows write. Runs at every start: what exists stays as it is.
# TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE say where.
set -eu

namespace=${TEMPORAL_NAMESPACE:-default}

# An open port is not yet a server that answers.
attempts_left=60
until temporal operator cluster health >/dev/null 2>&1; do
  attempts_left=$((attempts_left - 1))
  if [ "$attempts_left" -eq 0 ]; then
    echo "Temporal at ${TEMPORAL_ADDRESS:-the default address} did not answer" >&2
    exit 1
  fi
  sleep 1
done

if ! temporal operator namespace describe -n "$namespace" >/dev/null 2>&1; then
  temporal operator namespace create -n "$namespace" --retention "${TEMPORAL_RETENTION:-7d}"
fi

# A new namespace is known everywhere only after the frontend has read it again (seconds).
attempts_left=30
until temporal operator search-attribute create -n "$namespace" \
  --name LroStatus --type Keyword --name LroConnection --type Keyword --name LroOperationId --type Keyword --name LroTrouble --type Keyword; do
  attempts_left=$((attempts_left - 1))
  [ "$attempts_left" -gt 0 ] || exit 1
  sleep 1
done

temporal operator search-attribute list -n "$namespace" | grep Lro

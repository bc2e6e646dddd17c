# shellcheck shell=bash
# Shared by the demos: messages, waiting, cleanup, counting requests by pod, and load from inside the cluster.
set -euo pipefail
NAMESPACE=${NAMESPACE:-homeroom}
RELEASE=${RELEASE:-homeroom}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CHECKOUT=$(cd "$HERE/../.." && pwd)

case ${1:-} in
  -h | --help)
    # the comment at the top of the demo, and the common variables
    sed -n '2,/^[^#]/{ s/^# \{0,1\}//p; }' "$0"
    printf '\nNAMESPACE (%s) and RELEASE (%s) name the release. LOAD_IMAGE is an image with Node 24 that sends the load, by default that of families.\n' "$NAMESPACE" "$RELEASE"
    exit
    ;;
esac
for tool in kubectl helm; do command -v "$tool" >/dev/null || { echo "$tool is not installed" >&2; exit 1; }; done

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
look() { printf '  look: %s\n' "$*"; }
ok() { printf '  \033[32m✔\033[0m %s\n' "$*"; }
fail() { printf '  \033[31m✘ %s\033[0m\n' "$*" >&2; exit 1; }
k() { kubectl --namespace "$NAMESPACE" "$@"; }

# undo COMMAND: runs at the end, last one first, even when the demo or another command fails
UNDO=()
undo() { UNDO=("$1" ${UNDO[@]+"${UNDO[@]}"}); }
restore() {
  local command failed=0
  for command in ${UNDO[@]+"${UNDO[@]}"}; do
    # in a subshell, so that its exit does not end the others
    ( eval "$command" ) >/dev/null || { printf '  \033[31m✘ could not restore: %s\033[0m\n' "$command" >&2; failed=1; }
  done
  UNDO=()
  return $failed
}
finish() {
  local status=$?
  set +e
  trap '' INT
  restore || status=1
  exit $status
}
trap finish EXIT

# wait_for SECONDS WHAT COMMAND…
wait_for() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || fail "timed out waiting: $what"
    sleep 1
  done
}

api() { echo "$RELEASE-$1-api"; }
labels() { echo "app.kubernetes.io/instance=$RELEASE,app.kubernetes.io/name=$1,app.kubernetes.io/component=api"; }
# terminating pods are in phase Running too, but serve no requests
pods() { k get pods --selector "$(labels "$1")" --field-selector status.phase=Running --output 'go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}}{{"\n"}}{{end}}{{end}}'; }
ready() { k get deploy "$(api "$1")" --output 'jsonpath={.status.readyReplicas}'; }
has_ready() { [ "$(ready "$1")" = "$2" ] && [ "$(k get deploy "$(api "$1")" --output 'jsonpath={.status.replicas}')" = "$2" ]; }
desired() { k get hpa "$(api "$1")" --output 'jsonpath={.status.desiredReplicas}'; }
autoscaled() { k get hpa "$(api "$1")" >/dev/null 2>&1; }
# of_containers SERVICE FIELD: of the status of the container in each API pod
of_containers() { k get pods --selector "$(labels "$1")" --output "jsonpath={.items[*].status.containerStatuses[0].$2}"; }
# restarts SERVICE: restarts of the containers of its API pods
restarts() { of_containers "$1" restartCount | tr ' ' '\n' | awk '{ n += $1 } END { print n + 0 }'; }

metrics_of() { k get --raw "/api/v1/namespaces/$NAMESPACE/pods/$1:9100/proxy/metrics"; }
# requests POD: requests since it started, without health checks
requests() { metrics_of "$1" | awk '/^http_request_duration_seconds_count/ && !/route="\/health/ { n += $NF } END { print n + 0 }'; }
show_requests() { for pod in $(pods "$1"); do printf '  %-45s %s requests\n' "$pod" "$(requests "$pod")"; done; }
# metric POD PATTERN: the sum of the lines that match
metric() { metrics_of "$1" | awk -v pattern="$2" '$0 ~ pattern && !/^#/ { n += $NF } END { print n + 0 }'; }

# total SERVICE PATTERN: a metric of all its API pods; fails when a pod cannot be read
total() {
  local n=0 one list
  list=$(pods "$1") || return 1
  for pod in $list; do
    one=$(metric "$pod" "$2") || return 1
    n=$((n + one))
  done
  echo "$n"
}
# grown SERVICE PATTERN NUMBER: whether the total is above it
grown() { local now; now=$(total "$1" "$2") && [ "$now" -gt "$3" ]; }

# sql DATABASE OPTIONS…: psql as the superuser of the bundled primary
sql() { k exec "$RELEASE-data-postgres-0" -- psql -U postgres --quiet -tA -d "$@"; }

# The limit per address would reject load from one pod.
need_no_limit() {
  local limit
  limit=$(k get configmap "$RELEASE-families" --output 'jsonpath={.data.RATE_LIMIT_PER_MINUTE}') ||
    fail "there is no release $RELEASE in namespace $NAMESPACE: install it (k8s/README.md), or set RELEASE and NAMESPACE"
  [ "$limit" = 0 ] || fail "the rate limit is $limit a minute; for demos: helm upgrade $RELEASE charts/homeroom -n $NAMESPACE --reuse-values -f k8s/demos/values.yaml"
}

# start_load NAME OPTIONS…: runs the load generator in a pod until its time is up. LOAD_TARGET replaces the gateway's Service,
# LOAD_NOT_ON names a node that it must not run on.
start_load() {
  local name=load-$1 image args='' place=''
  shift
  image=${LOAD_IMAGE:-$(k get deploy "$(api families)" --output 'jsonpath={.spec.template.spec.containers[0].image}')}
  for option in --target "${LOAD_TARGET:-http://$RELEASE-gateway}" --json --max-failed any "$@"; do args+=", \"$option\""; done
  [ -z "${LOAD_NOT_ON:-}" ] || place="affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: kubernetes.io/hostname, operator: NotIn, values: [$LOAD_NOT_ON] }] }] } } }"
  stop_load "${name#load-}"
  # cleaned up last: restoring the release comes first
  UNDO+=("stop_load ${name#load-}")
  k create configmap "$name" --from-file="$CHECKOUT/tools/load/src" --from-file="$CHECKOUT/tools/load/package.json" >/dev/null
  k apply --filename - >/dev/null <<POD
apiVersion: v1
kind: Pod
metadata:
  name: $name
  labels: { app.kubernetes.io/name: load, app.kubernetes.io/part-of: homeroom }
spec:
  restartPolicy: Never
  automountServiceAccountToken: false
  securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: RuntimeDefault } }
  $place
  containers:
    - name: load
      image: $image
      args: ["/load/main.ts"$args]
      env:
        - { name: LOAD_COORDINATOR_EMAIL, valueFrom: { secretKeyRef: { name: $RELEASE-coordinator, key: email, optional: true } } }
        - { name: LOAD_COORDINATOR_PASSWORD, valueFrom: { secretKeyRef: { name: $RELEASE-coordinator, key: password, optional: true } } }
      resources: { requests: { cpu: 50m, memory: 96Mi, ephemeral-storage: 32Mi }, limits: { cpu: "1", memory: 384Mi, ephemeral-storage: 256Mi } }
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
      volumeMounts: [{ name: load, mountPath: /load }]
  volumes: [{ name: load, configMap: { name: $name } }]
POD
  wait_for 60 "the load generator runs (kubectl -n $NAMESPACE logs $name)" load_sends "$name"
}
load_sends() { k logs "$1" | grep -q ' ok '; }
stop_load() { k delete pod,configmap "load-$1" --ignore-not-found --grace-period=1 --timeout=30s >/dev/null; }
# under_load NAME WHAT: fails unless the load still runs
under_load() { ! load_ended "load-$1" || fail "the load ended before $2: set a larger LOAD_SECONDS"; }

# cut_load NAME: ends the load after a few more seconds, and waits for requests in flight. Not for registrations, which are
# only verified after a complete run. PID 1 is Node in every image that sends load.
cut_load() {
  sleep 5
  load_ended "load-$1" || k exec "load-$1" -- /proc/1/exe --eval 'process.kill(1, "SIGTERM")'
}

# end_load NAME: waits for the end of the load and sets REPORT
end_load() {
  wait_for 700 'the load generator ends' load_ended "load-$1"
  REPORT=$(k logs "load-$1" | grep '^{' || true)
  [ -n "$REPORT" ] || fail "the load generator failed: $(k logs "load-$1" --tail=2)"
  printf '  %s\n' "$REPORT"
  stop_load "$1"
}
load_ended() { k get pod "$1" --output 'jsonpath={.status.phase}' | grep -qE 'Succeeded|Failed'; }
# field NAME: a number of the report
field() { grep -oE "\"$1\":[0-9.]+" <<<"$REPORT" | head -1 | cut -d: -f2; }
none_failed() {
  [ "$(field ok)" -gt 0 ] || fail 'no request succeeded'
  [ "$(field failed)" = 0 ] || fail "$(field failed) of $(field scheduled) requests failed"
  # a kept-alive connection may close while a request is sent; like browsers, the generator sends it again
  [ "$(field resent)" -le $(($(field scheduled) / 100)) ] || fail "$(field resent) of $(field scheduled) requests were sent twice"
  ok "$(field ok) requests, 0 failed, $(field resent) sent twice, p99 $(field p99 | cut -d. -f1) ms"
}
none_lost() {
  [ "$(field lost)" = 0 ] || fail "$(field lost) confirmed registrations were lost"
  [ "$(field unknown)" = 0 ] || fail "the outcome of $(field unknown) registrations is unknown"
  ok "$(field ok) confirmed registrations, 0 lost"
}

# shellcheck shell=bash
# What the demos have in common: words, waiting, putting back, counting requests by pod, and load from inside the cluster.
set -euo pipefail
NAMESPACE=${NAMESPACE:-homeroom}
RELEASE=${RELEASE:-homeroom}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CHECKOUT=$(cd "$HERE/../.." && pwd)

case ${1:-} in
  -h | --help)
    # the comment at the head of the demo, and what all of them read
    sed -n '2,/^[^#]/{ s/^# \{0,1\}//p; }' "$0"
    printf '\nNAMESPACE (%s) and RELEASE (%s) say where; LOAD_IMAGE has the Node 24 that sends the load, if not the image of families.\n' "$NAMESPACE" "$RELEASE"
    exit
    ;;
esac
for tool in kubectl helm; do command -v "$tool" >/dev/null || { echo "$tool is missing: the demos need it" >&2; exit 1; }; done

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
look() { printf '  look: %s\n' "$*"; }
ok() { printf '  \033[32m✔\033[0m %s\n' "$*"; }
fail() { printf '  \033[31m✘ %s\033[0m\n' "$*" >&2; exit 1; }
k() { kubectl --namespace "$NAMESPACE" "$@"; }

# undo COMMAND: runs at the end, the last one first, whatever became of the demo and of the other commands
UNDO=()
undo() { UNDO=("$1" ${UNDO[@]+"${UNDO[@]}"}); }
restore() {
  local command failed=0
  for command in ${UNDO[@]+"${UNDO[@]}"}; do
    # a shell of its own: what ends it ends nothing else
    ( eval "$command" ) >/dev/null || { printf '  \033[31m✘ could not put back: %s\033[0m\n' "$command" >&2; failed=1; }
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
    [ $SECONDS -lt $end ] || fail "$what: did not happen"
    sleep 1
  done
}

api() { echo "$RELEASE-$1-api"; }
labels() { echo "app.kubernetes.io/instance=$RELEASE,app.kubernetes.io/name=$1,app.kubernetes.io/component=api"; }
# those that leave are called Running too, but answer nobody any more
pods() { k get pods --selector "$(labels "$1")" --field-selector status.phase=Running --output 'go-template={{range .items}}{{if not .metadata.deletionTimestamp}}{{.metadata.name}}{{"\n"}}{{end}}{{end}}'; }
ready() { k get deploy "$(api "$1")" --output 'jsonpath={.status.readyReplicas}'; }
has_ready() { [ "$(ready "$1")" = "$2" ] && [ "$(k get deploy "$(api "$1")" --output 'jsonpath={.status.replicas}')" = "$2" ]; }
desired() { k get hpa "$(api "$1")" --output 'jsonpath={.status.desiredReplicas}'; }
autoscaled() { k get hpa "$(api "$1")" >/dev/null 2>&1; }
# of_containers SERVICE FIELD: of the status of the container in each API pod
of_containers() { k get pods --selector "$(labels "$1")" --output "jsonpath={.items[*].status.containerStatuses[0].$2}"; }
# restarts SERVICE: how often containers of its API pods were started again
restarts() { of_containers "$1" restartCount | tr ' ' '\n' | awk '{ n += $1 } END { print n + 0 }'; }

metrics_of() { k get --raw "/api/v1/namespaces/$NAMESPACE/pods/$1:9100/proxy/metrics"; }
# requests POD: what it has answered since it started, health checks left out
requests() { metrics_of "$1" | awk '/^http_request_duration_seconds_count/ && !/route="\/health/ { n += $NF } END { print n + 0 }'; }
show_requests() { for pod in $(pods "$1"); do printf '  %-45s %s requests\n' "$pod" "$(requests "$pod")"; done; }
# metric POD PATTERN: the sum of the lines that match
metric() { metrics_of "$1" | awk -v pattern="$2" '$0 ~ pattern && !/^#/ { n += $NF } END { print n + 0 }'; }

# total SERVICE PATTERN: a metric of all its API pods; fails rather than leave one out
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

# sql DATABASE OPTIONS…: psql as the superuser of the chart's own primary
sql() { k exec "$RELEASE-data-postgres-0" -- psql -U postgres --quiet -tA -d "$@"; }

# The limit per address would turn away what comes from one pod.
need_no_limit() {
  local limit
  limit=$(k get configmap "$RELEASE-families" --output 'jsonpath={.data.RATE_LIMIT_PER_MINUTE}') ||
    fail "there is no release $RELEASE in namespace $NAMESPACE: install it (k8s/README.md), or name yours in RELEASE and NAMESPACE"
  [ "$limit" = 0 ] || fail "the rate limit is $limit a minute; for demos: helm upgrade $RELEASE charts/homeroom -n $NAMESPACE --reuse-values -f k8s/demos/values.yaml"
}

# start_load NAME OPTIONS…: the generator, in a pod; it ends by itself. LOAD_TARGET is sent to instead of the gateway's Service,
# LOAD_NOT_ON names a node that it may not run on.
start_load() {
  local name=load-$1 image args='' place=''
  shift
  image=${LOAD_IMAGE:-$(k get deploy "$(api families)" --output 'jsonpath={.spec.template.spec.containers[0].image}')}
  for option in --target "${LOAD_TARGET:-http://$RELEASE-gateway}" --json --max-failed any "$@"; do args+=", \"$option\""; done
  [ -z "${LOAD_NOT_ON:-}" ] || place="affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: kubernetes.io/hostname, operator: NotIn, values: [$LOAD_NOT_ON] }] }] } } }"
  stop_load "${name#load-}"
  # put back last: what users need comes first
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
# under_load NAME WHAT: what has just happened, happened under load
under_load() { ! load_ended "load-$1" || fail "the load ended before $2: give a larger LOAD_SECONDS"; }

# cut_load NAME: sends nothing more, a few seconds after what was to be shown; what is in flight is still waited for.
# Not for registrations: they are looked for only after a whole run. PID 1 is Node in every image that sends the load.
cut_load() {
  sleep 5
  load_ended "load-$1" || k exec "load-$1" -- /proc/1/exe --eval 'process.kill(1, "SIGTERM")'
}

# end_load NAME: waits for its end; its report is then in REPORT
end_load() {
  wait_for 700 'the load generator ends' load_ended "load-$1"
  REPORT=$(k logs "load-$1" | grep '^{' || true)
  [ -n "$REPORT" ] || fail "the load generator could not run: $(k logs "load-$1" --tail=2)"
  printf '  %s\n' "$REPORT"
  stop_load "$1"
}
load_ended() { k get pod "$1" --output 'jsonpath={.status.phase}' | grep -qE 'Succeeded|Failed'; }
# field NAME: a number of the report
field() { grep -oE "\"$1\":[0-9.]+" <<<"$REPORT" | head -1 | cut -d: -f2; }
none_failed() {
  [ "$(field ok)" -gt 0 ] || fail 'nothing was answered'
  [ "$(field failed)" = 0 ] || fail "$(field failed) of $(field scheduled) requests failed"
  # now and then a kept connection is closed while a request is on its way; a browser sends it again, and so does the generator
  [ "$(field resent)" -le $(($(field scheduled) / 100)) ] || fail "$(field resent) of $(field scheduled) requests had to be sent twice"
  ok "$(field ok) requests, 0 failed, $(field resent) sent again, p99 $(field p99 | cut -d. -f1) ms"
}
none_lost() {
  [ "$(field lost)" = 0 ] || fail "$(field lost) registrations were confirmed and are gone"
  [ "$(field unknown)" = 0 ] || fail "of $(field unknown) registrations nobody could say whether they are there"
  ok "$(field ok) registrations were confirmed, 0 lost"
}

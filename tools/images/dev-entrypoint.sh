#!/bin/sh
# Takes the arguments of the production image and runs the sources: services/x/dist/api.js becomes services/x/src/api.ts.
set -eu
program=${1:?name a program, such as services/families/dist/api.js}
shift
program=$(echo "$program" | sed -E 's#/dist/(.*)\.js$#/src/\1.ts#')
# no load balancer has to react between a save and the restart
export PRESTOP_DELAY_MS=0
case $program in
  */api.ts | */worker.ts | apps/*) set -- /usr/local/lib/inner-loop/reload.ts "$program" "$@" ;;
  *) set -- "$program" "$@" ;;
esac
exec node --conditions=@homeroom/source "$@"

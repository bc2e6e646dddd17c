#!/bin/sh
# Takes the arguments of the production image and runs the sources instead: services/x/dist/api.js is services/x/src/api.ts.
set -eu
program=${1:?which program? For example services/families/dist/api.js}
shift
program=$(echo "$program" | sed -E 's#/dist/(.*)\.js$#/src/\1.ts#')
# nobody waits for a balancer between a save and the new code
export PRESTOP_DELAY_MS=0
case $program in
  */api.ts | */worker.ts | */programs/*.ts) set -- /usr/local/lib/inner-loop/reload.ts "$program" "$@" ;;
  *) set -- "$program" "$@" ;;
esac
exec node --conditions=@homeroom/source "$@"

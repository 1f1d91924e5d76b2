#!/usr/bin/env bash
# Trains with one process on each of several hosts, or on each of their sockets, using mpirun.
#
#   scripts/run_hosts.sh HOST,HOST... TRAIN-ARGUMENTS...
#   scripts/run_hosts.sh alpha,beta --init d12 --train-data '/data/*_train*.bin' --output /data/run
#
# Every host needs `swiftlet` on its PATH, an MPI of the same version, and a file system where data
# and run have the same names; the first host must be able to log in to the others by ssh. In the
# environment: PROCESSES per host (1; as many as sockets is best), THREADS per process (the cores
# that it is bound to). To stop with a checkpoint, send SIGUSR1 to mpirun.
set -euo pipefail
processes=${PROCESSES:-1}
if (($# < 2)) || [[ -z $1 || $1 == -* || ! $processes =~ ^[1-9][0-9]*$ ]]; then
    echo "usage: [PROCESSES=N] [THREADS=N] scripts/run_hosts.sh HOST,HOST... TRAIN-ARGUMENTS..." >&2
    exit 64
fi
IFS=, read -ra hosts <<<"$1"
shift
slots=$(printf ",%s:$processes" "${hosts[@]}")
slots=${slots:1}
total=$((${#hosts[@]} * processes))
if [[ -n ${THREADS:-} ]]; then set -- "$@" --threads "$THREADS"; fi

if mpirun --version | grep -qE 'Open MPI|OpenRTE'; then
    # By default, a process would be bound to one core and run all its threads there.
    options=(--host "$slots" --bind-to none)
    if [[ $processes != 1 ]]; then options=(--host "$slots" --map-by socket --bind-to socket); fi
else
    options=(-hosts "$slots")
    if [[ $processes != 1 ]]; then options+=(-bind-to socket); fi
fi
exec mpirun -n "$total" "${options[@]}" swiftlet train "$@"

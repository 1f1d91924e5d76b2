#!/usr/bin/env bash
# Trains with one process on each of several hosts, or on each of their sockets, using mpirun.
#
#   scripts/run_hosts.sh HOST,HOST... TRAIN-ARGUMENTS...
#   scripts/run_hosts.sh alpha,beta --init d12 --train-data '/data/*_train*.bin' --output /data/run
#
# Every host needs `swiftlet`, an MPI of the same version, and a file system where data and run have
# the same names; the first host must be able to log in to the others by ssh. In the environment:
# PROCESSES per host (1; as many as sockets is best), THREADS per process (the host's cores,
# divided). To stop with a checkpoint, send SIGUSR1 to mpirun.
set -euo pipefail
if (($# < 2)) || [[ -z $1 || $1 == -* ]]; then
    echo "usage: scripts/run_hosts.sh HOST,HOST... TRAIN-ARGUMENTS..." >&2
    exit 64
fi
processes=${PROCESSES:-1}
threads=${THREADS:-$(($(nproc) / processes))}
IFS=, read -ra hosts <<<"$1"
shift
slots=$(printf ",%s:$processes" "${hosts[@]}")
slots=${slots:1}
total=$((${#hosts[@]} * processes))

if mpirun --version | grep -qE 'Open MPI|OpenRTE'; then
    # By default, a process would be bound to one core and run all its threads there.
    bound=$([[ $processes == 1 ]] && echo none || echo socket)
    options=(--host "$slots" --bind-to "$bound")
else
    options=(-hosts "$slots")
    if [[ $processes != 1 ]]; then options+=(-bind-to socket); fi
fi
exec mpirun -n "$total" "${options[@]}" swiftlet train "$@" --threads "$threads"

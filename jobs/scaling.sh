#!/bin/sh
# A scaling study: one sweep on 1, 2, 4, ... ranks; a CSV file and a figure of speed-up, efficiency and where the time goes.
#
#   jobs/scaling.sh strong my.yaml               the same sweep on every number of ranks
#   jobs/scaling.sh weak my.yaml                 R times as many networks on R ranks
#   jobs/scaling.sh strong my.yaml -n "1 2 4 8 16" -o my-scaling
#
# On a cluster (sbatch is there) each size is a job, by jobs/sweep.sbatch and the settings of jobs/site.sh, and this waits for
# them; further options of sbatch go behind --. Elsewhere, or with --here, they run one after the other on this machine.
# What is measured already (FOLDER/R.h5, marked by R.done) is not measured again; R.log is what the program said.
set -eu
source_dir=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
site=${BORDERLINE_SITE:-$source_dir/jobs/site.sh}
# shellcheck source=/dev/null
[ ! -f "$site" ] || . "$site"

fail() {
    echo "scaling: $*" >&2
    exit 1
}

usage='usage: jobs/scaling.sh strong|weak SWEEP.yaml [-n "1 2 4 ..."] [-o FOLDER] [--here] [-- OPTIONS OF sbatch]'
[ $# -ge 2 ] || fail "$usage"
kind=$1 sweep=$2
shift 2
case $kind in
    strong | weak) ;;
    *) fail "'$kind' is neither strong nor weak; $usage" ;;
esac
[ -r "$sweep" ] || fail "no sweep file $sweep"
cores=$(env -u OMP_NUM_THREADS nproc 2>/dev/null || getconf _NPROCESSORS_ONLN)
sizes="" folder=$(basename "$sweep" .yaml)-$kind
slurm=$(command -v sbatch || true)
while [ $# -gt 0 ]; do
    case $1 in
        -n | -o)
            [ $# -ge 2 ] || fail "$1 needs a value"
            if [ "$1" = -n ]; then sizes=$2; else folder=$2; fi
            shift
            ;;
        --here) slurm="" ;;
        --)
            shift
            break
            ;;
        *) fail "unknown option $1; $usage" ;;
    esac
    shift
done
if [ -z "$sizes" ]; then
    size=1 most=$cores
    [ -z "$slurm" ] || most=${BORDERLINE_RANKS_MAX:-1024}
    while [ "$size" -le "$most" ]; do
        sizes="$sizes $size"
        size=$((size * 2))
    done
fi
for size in $sizes; do
    case $size in *[!0-9]* | 0) fail "-n needs numbers of ranks, not '$size'" ;; esac
done
program=${BORDERLINE:-$("$source_dir/jobs/program")}
[ -x "$program" ] || fail "no program at $program: jobs/build makes it, or set BORDERLINE to its path"
said=$(mktemp)
trap 'rm -f "$said"' EXIT
networks=$("$program" plan "$sweep" --key networks 2>"$said") || {
    cat "$said" >&2
    exit 1
}
rm -f "$said"
case $networks in '' | *[!0-9]*) fail "no number of networks was found in what '$program plan' prints: is the program of this version?" ;; esac
mkdir -p "$folder"

jobs=""
for size in $sizes; do
    out=$folder/$size.h5
    [ ! -f "$folder/$size.done" ] || continue
    set_networks=$networks
    [ "$kind" = strong ] || set_networks=$((networks * size))
    if [ -n "$slurm" ]; then
        export BORDERLINE_SOURCE="$source_dir" BORDERLINE="$program"
        # shellcheck disable=SC2086 # several options
        job=$(sbatch --parsable --job-name="scaling-$size" --ntasks="$size" --output="$folder/$size.log" \
            ${BORDERLINE_PARTITION:+--partition="$BORDERLINE_PARTITION"} ${BORDERLINE_ACCOUNT:+--account="$BORDERLINE_ACCOUNT"} \
            ${BORDERLINE_SBATCH:-} "$@" "$source_dir/jobs/sweep.sbatch" "$sweep" "$out" --set "samples.networks=$set_networks") ||
            fail "sbatch refused $size ranks (see above)"
        jobs="$jobs ${job%%;*}"
        echo "$size ranks: job ${job%%;*}"
    else
        echo "$size ranks ..."
        "$source_dir/jobs/launch" "$size" "$program" run "$sweep" -o "$out" --force --set "samples.networks=$set_networks" \
            >"$folder/$size.log" 2>&1 || fail "$size ranks failed: see $folder/$size.log"
        : >"$folder/$size.done"
    fi
done

# Is any of the jobs in the queue, or is this not to be known now? A Slurm that does not answer is no end of a job.
waiting() {
    queue=$(squeue -h -u "$(id -u)" -o %A 2>/dev/null) || return 0
    for job in $jobs; do
        case " $(echo "$queue" | tr '\n' ' ') " in *" $job "*) return 0 ;; esac
    done
    return 1
}

if [ -n "$jobs" ]; then
    echo "waiting for the jobs; this may be stopped, and started again with the same words"
    while waiting; do
        sleep "${BORDERLINE_POLL:-10}"
    done
    for size in $sizes; do
        [ "$("$program" show "$folder/$size.h5" --key complete 2>/dev/null)" = true ] ||
            fail "$size ranks: not complete, see $folder/$size.log"
        : >"$folder/$size.done"
    done
fi

for python in "${BORDERLINE_PYTHON:-}" python3 /usr/bin/python3 python; do
    if [ -n "$python" ] && "$python" -c 'import numpy, scipy, h5py, matplotlib' >/dev/null 2>&1; then
        PYTHONDONTWRITEBYTECODE=1 exec "$python" "$source_dir/analysis/figure_scaling.py" "$kind" "$folder"
    fi
done
fail "no Python with numpy, scipy, h5py and matplotlib: the measurements are in $folder; on another machine: python3 analysis/figure_scaling.py $kind $folder"

#!/bin/bash
# Submits a sweep in N parts and the job that unites them: sweep.sh N BENCH-FLAGS...
# Prints the two job numbers. NTRDR_OUT is the directory of the results (ntrdr-sweep),
# NTRDR the program, SBATCH_FLAGS what else sbatch is to be told, such as a partition.
set -euo pipefail

usage="usage: sweep.sh N BENCH-FLAGS..."
shards=${1:?$usage}
shift
[[ $shards =~ ^[1-9][0-9]*$ ]] || { echo "$usage" >&2; exit 2; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
read -ra more <<<"${SBATCH_FLAGS:-}"
array=$(sbatch --parsable "${more[@]}" --array="0-$((shards - 1))" "$here/sweep.sbatch" "$@")
merge=$(sbatch --parsable "${more[@]}" --dependency="afterok:${array%%;*}" "$here/merge.sbatch")
echo "${array%%;*} ${merge%%;*}"

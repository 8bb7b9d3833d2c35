#!/bin/bash
# Four tasks, each on a host that has room, run the points of one sweep: sbatch slurm_array.sh my.yaml --over KEY=1,2,4
#SBATCH --job-name=limbeck
#SBATCH --array=0-3
#SBATCH --cpus-per-task=8
# Task 0 leads the sweep and writes its report. The others help along once it has begun. The folder lies in a file
# system that the hosts share.
out=${OUT:-$SLURM_SUBMIT_DIR/runs/sweep-$SLURM_ARRAY_JOB_ID}
options=(--out "$out" --threads "$SLURM_CPUS_PER_TASK")
if [ "$SLURM_ARRAY_TASK_ID" -gt 0 ]; then
  options+=(--help-along)
  for _ in {1..300}; do
    [ -e "$out/sweep.json" ] && break
    sleep 2
  done
fi
limbeck sweep "$@" "${options[@]}"

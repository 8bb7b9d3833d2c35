#!/bin/bash
# Four processes on two hosts, of eight processors each: sbatch slurm.sh recipe.yaml
#SBATCH --job-name=limbeck
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=2
#SBATCH --cpus-per-task=8
#SBATCH --requeue
# srun starts the processes and tells each its rank; the run folder lies in a file system that the hosts share, so that
# a job that is started again, on other hosts too, resumes.
srun --kill-on-bad-exit=1 limbeck run "$1" --threads "$SLURM_CPUS_PER_TASK" --out "$SLURM_SUBMIT_DIR/runs/student"

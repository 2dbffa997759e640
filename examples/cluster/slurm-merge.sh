#!/bin/sh
# Combines what the tasks of slurm.sh wrote:
#
#     sbatch --dependency=afterany:JOB slurm-merge.sh
#SBATCH --output=parts/merge.log
set -eu
clproc index merge parts/*.jsonl -o photos.sqlite
clproc report merge parts/*.json -o job.html

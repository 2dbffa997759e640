#!/bin/sh
# One job on many machines with Slurm: small copies of photos/ in small/, and an index of photos/.
#
#     mkdir -p parts && sbatch --array=1-8 slurm.sh
#
# Each task takes its part of the files. A task that is killed, or whose machine is lost, is put
# back into the queue and goes on where it was stopped; `scontrol requeue JOB_TASK` does the same by
# hand. Do not submit single tasks again as a new array, since Slurm then counts only those.
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=parts/%a.log
set -eu

# Broken pictures are named in the log; a task that met one ends with 1, after all others are done.
code=0
clproc run photos -o small --resize '800x800>' --resume --shard auto \
    --report "parts/$SLURM_ARRAY_TASK_ID.json" || code=$?
clproc index photos -o "parts/$SLURM_ARRAY_TASK_ID.jsonl" --update --shard auto || code=$?
exit $code

#!/bin/sh
# One job on many machines with Slurm: small copies of photos/ in small/, and an index of photos/.
#
#     mkdir -p parts && sbatch --array=1-8 slurm.sh
#
# Each task takes its part of the files. A task that is killed, or whose machine is lost, is put
# back into the queue and goes on where it was stopped; `scontrol requeue JOB_TASK` does the same by
# hand. Do not start single tasks by a new array: they would be taken for all there are.
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=parts/%a.log
set -eu

# Pictures that are broken are told in the log, and make a task end with 1, after all others.
code=0
clproc run photos -o small --resize '800x800>' --resume --shard auto \
    --report "parts/$SLURM_ARRAY_TASK_ID.json" || code=$?
clproc index photos -o "parts/$SLURM_ARRAY_TASK_ID.jsonl" --update --shard auto || code=$?
exit $code

#!/bin/sh
# One job on many machines with GNU parallel: small copies of photos/ in small/, and an index of
# photos/. The machines see the same folders.
#
#     sh parallel.sh                                # on this machine
#     sh parallel.sh --sshlogin node1,node2 --wd .  # on others
#
# Each machine works on one part at a time, with all its cores. After a stop, start this again: it
# goes on.
set -eu
shards=8
mkdir -p parts
# Exit code 1 means that some pictures are broken, which are named: no reason to try again.
seq $shards | parallel --jobs 1 --retries 3 "$@" "
    clproc run photos -o small --resize '800x800>' --resume --shard {}/$shards || [ \$? -eq 1 ] || exit
    clproc index photos -o parts/{}.jsonl --update --shard {}/$shards || [ \$? -eq 1 ]"
clproc index merge parts/*.jsonl -o photos.sqlite

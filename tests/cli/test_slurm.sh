#!/bin/sh
# The job files of examples/cluster on a real Slurm: a controller and three nodes on this machine,
# with ports, keys and folders of their own. One task is killed at work and goes back into the
# queue; together the tasks give what one run gives.
. "$(dirname "$0")/lib.sh"

for program in munged slurmctld slurmd sbatch srun scontrol; do
    have $program || skip "Slurm is not installed (slurm-wlm)"
done
[ "$(id -u)" -eq 0 ] || skip "Slurm's daemons need root"
clproc help index
grep -q '\.sqlite' "$out" || skip "this build has no SQLite"

cluster=$scratch/cluster
SLURM_CONF=$cluster/slurm.conf
export SLURM_CONF

# Waits until a command succeeds, for a minute at most.
await() { # WHAT COMMAND...
    what=$1
    shift
    tries=0
    until "$@" >/dev/null 2>&1; do
        tries=$((tries + 1))
        [ $tries -lt 300 ] || fail "waited in vain for $what: $(tail -n 5 "$cluster"/*.log parts/*.log 2>/dev/null)"
        sleep 0.2
    done
}
queue_is_empty() {
    [ -z "$(squeue -h)" ]
}

# Starts a daemon that ends after some minutes even if nobody ends it.
daemons=
start() { # NAME COMMAND...
    log=$cluster/$1.log
    shift
    timeout -k 10 400 "$@" >>"$log" 2>&1 &
    daemons="$daemons $!"
}
# Ends the jobs, then the daemons.
stop_cluster() {
    scancel --quiet --user=root
    tries=0
    until queue_is_empty || [ $tries -ge 50 ]; do
        tries=$((tries + 1))
        sleep 0.2
    done
    [ -z "$daemons" ] || kill $daemons
    wait $daemons
}
trap 'stop_cluster 2>/dev/null; rm -rf "$scratch"' EXIT

is_taken() { # PORT
    grep -q -i ":$(printf %04X "$1") " /proc/net/tcp /proc/net/tcp6 2>/dev/null
}
port=$((20000 + $$ % 2000 * 4))
while is_taken $port || is_taken $((port + 1)) || is_taken $((port + 2)) || is_taken $((port + 3)); do
    port=$((port + 4))
done

mkdir -p "$cluster/state"
head -c 1024 /dev/urandom >"$cluster/key"
chmod 400 "$cluster/key"
host=$(hostname -s)
cat >"$SLURM_CONF" <<END
ClusterName=clproc
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
AuthType=auth/munge
AuthInfo=socket=$cluster/munge.socket,cred_expire=5
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$cluster/state
SlurmdSpoolDir=$cluster/%n
SlurmctldPidFile=$cluster/slurmctld.pid
SlurmdPidFile=$cluster/%n.pid
ProctrackType=proctrack/pgid
TaskPlugin=task/none
SelectType=select/linear
SlurmdParameters=config_overrides
MpiDefault=none
ReturnToService=2
KillWait=2
SchedulerType=sched/builtin
SchedulerParameters=batch_sched_delay=1,sched_interval=1
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=1
NodeName=node2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=1
NodeName=node3 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 3)) CPUs=1
PartitionName=all Nodes=node1,node2,node3 Default=YES MaxTime=5 State=UP
END
start munged munged --foreground --force --num-threads=2 --key-file="$cluster/key" \
    --socket="$cluster/munge.socket" --pid-file="$cluster/munged.pid" \
    --log-file="$cluster/munged.log" --seed-file="$cluster/seed"
await "munged's socket" test -S "$cluster/munge.socket"
start slurmctld slurmctld -D -f "$SLURM_CONF"
for node in node1 node2 node3; do
    mkdir "$cluster/$node"
    start $node slurmd -D -f "$SLURM_CONF" -N $node
done
nodes_are_idle() {
    [ "$(sinfo -h -t idle -o %D)" = 3 ]
}
await 'three idle nodes' nodes_are_idle

# --------------------------------------------------------------------- the job
clproc samples --count 6 --width 1000 --height 750 --kind photo -o some -q
for copy in 0 1 2 3 4 5 6 7 8 9; do
    mkdir -p photos/$copy
    cp some/*.jpg photos/$copy
done
clproc run photos -o one --resize '800x800>' -q
expect_code 0
clproc index photos -o one.jsonl -q
expect_code 0

# The second task's first run is killed by the first picture that it has written, and the task then
# hangs, as on a machine that is lost.
mkdir bin parts
cat >bin/clproc <<'END'
#!/bin/sh
if [ "${SLURM_ARRAY_TASK_ID-}" = 2 ] && [ "$1" = run ] && mkdir killed 2>/dev/null; then
    mkfifo lines
    "$CLPROC" "$@" -v -j 1 2>lines &
    while read -r line; do
        echo "$line" >>killed/log
        case $line in *' -> '*) kill -KILL $! && break ;; esac
    done <lines
    wait $!
    echo $? >killed/code
    exec sleep 60
fi
exec "$CLPROC" "$@"
END
chmod +x bin/clproc
PATH=$PWD/bin:$PATH
export CLPROC PATH

files=$source_dir/examples/cluster
job=$(sbatch --parsable --array=1-3 "$files/slurm.sh") || fail "sbatch refused the array"
merge=$(sbatch --parsable --dependency=afterany:"$job" "$files/slurm-merge.sh") ||
    fail "sbatch refused the second job"
await 'the kill' test -s killed/code
[ "$(cat killed/code)" = 137 ] || fail "the task's run should have been killed: $(cat killed/*)"
scontrol requeue "${job}_2" || fail "the task cannot be put back into the queue"
await 'the jobs' queue_is_empty

state_of() { # JOB
    scontrol show job "$1" | grep -o 'JobState=[A-Z]*' | sort -u
}
[ "$(state_of "$job")" = JobState=COMPLETED ] || fail "tasks failed: $(cat parts/*.log)"
[ "$(state_of "$merge")" = JobState=COMPLETED ] || fail "merging failed: $(cat parts/merge.log)"
grep -q 'shard 2 of 3: [0-9]* of 60 files' parts/2.log || fail "which part was it? $(cat parts/2.log)"
grep -q '[1-9][0-9]* made before' parts/2.log || fail "the killed run's work is lost: $(cat parts/2.log)"
rm small/.clproc-journal
diff -r one small || fail "the tasks should give what one run gives"
clproc index merge photos.sqlite -o back.jsonl
expect_code 0
expect_same back.jsonl one.jsonl
expect_file job.html

# Processes that srun starts together.
rm -r small
srun -N 3 -n 3 "$CLPROC" run photos -o small --resize '800x800>' --shard auto 2>srun.log ||
    fail "srun: $(cat srun.log)"
[ "$(grep -c 'shard [123] of 3: ' srun.log)" = 3 ] || fail "three parts: $(cat srun.log)"
diff -r one small || fail "three processes should give what one run gives"

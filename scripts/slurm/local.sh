#!/usr/bin/env bash
# A Slurm of two nodes with a core each on this machine, for tests. It needs root, and Debian's
# slurm-wlm and munge; neither systemd nor cgroups.
#
#	scripts/slurm/local.sh up DIR        # starts it; its files are in the new folder DIR
#	export SLURM_CONF=DIR/slurm.conf     # for sbatch, squeue, scancel and scontrol
#	scripts/slurm/local.sh down DIR      # stops it; DIR stays, with the logs
#
# There is no slurmdbd, so sacct does not work: squeue and scontrol know a job until five
# minutes after its end. It listens on three free TCP ports from 26817 on.
set -euo pipefail

daemons="node1 node2 controller munge" # in the order in which they are stopped

configure() {
  local host port=26817
  host=$(hostname -s)
  # A connection fails where a port is free.
  while (: <>"/dev/tcp/127.0.0.1/$port" || : <>"/dev/tcp/127.0.0.1/$((port + 1))" || : <>"/dev/tcp/127.0.0.1/$((port + 2))") 2>/dev/null; do
    port=$((port + 10))
  done
  cat <<END
ClusterName=pare
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthInfo=socket=$dir/munge.socket
StateSaveLocation=$dir/state
SlurmctldPidFile=$dir/controller.pid
SlurmctldLogFile=$dir/controller.log
SlurmdSpoolDir=$dir/spool-%n
SlurmdPidFile=$dir/%n.pid
SlurmdLogFile=$dir/%n.log
# The nodes claim a core each, whatever the machine has.
SlurmdParameters=config_overrides
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
# No cgroups: processes are found by their parents, nothing is bound or accounted.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
# Tests do not wait for the scheduler.
SchedulerParameters=batch_sched_delay=0,sched_interval=1
KillWait=20
ReturnToService=2
MailProg=/bin/true
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=1 RealMemory=1000
NodeName=node2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=1 RealMemory=1000
PartitionName=main Nodes=node1,node2 Default=YES MaxTime=INFINITE
END
}

up() {
  mkdir "$dir" "$dir"/{state,spool-node1,spool-node2}
  chmod 755 "$dir"
  configure >"$dir/slurm.conf"
  export SLURM_CONF=$dir/slurm.conf
  (umask 077 && head -c 1024 /dev/urandom >"$dir/munge.key")
  munged --force --socket="$dir/munge.socket" --key-file="$dir/munge.key" --pid-file="$dir/munge.pid" \
    --log-file="$dir/munge.log" --seed-file="$dir/munge.seed"
  slurmctld -c 2>"$dir/start.log"
  slurmd -N node1 2>>"$dir/start.log"
  slurmd -N node2 2>>"$dir/start.log"
  for _ in {1..100}; do
    if [ "$(sinfo -h -N -t idle -o %N 2>>"$dir/start.log" | wc -l)" = 2 ]; then return; fi
    sleep 0.3
  done
  echo "Slurm has not started; see $dir/start.log and the other logs there" >&2
  down
  exit 1
}

down() {
  local daemon pid
  for daemon in $daemons; do
    pid=$(cat "$dir/$daemon.pid" 2>/dev/null) || continue
    kill "$pid" 2>/dev/null || continue
    for _ in {1..100}; do
      kill -0 "$pid" 2>/dev/null || break
      sleep 0.1
    done
  done
}

[ $# = 2 ] || { echo "usage: $0 up|down DIR" >&2; exit 2; }
dir=$(realpath -m "$2")
case $1 in
up) up ;;
down) down ;;
*) echo "usage: $0 up|down DIR" >&2; exit 2 ;;
esac

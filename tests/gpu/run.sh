#!/bin/sh
# Tests and measures Isokern on this machine's first GPU; needs neither Rust nor CUDA's toolkit.
#
#   ./run.sh [--quick] [--runs N] [--out DIR]
#
# --quick takes few samples, once, to see that all works; a simulated device gets no more.
# --runs is how often everything is measured, in processes of their own (default 5).
# The lines that were measured are kept in DIR (default: results); the table is printed last.
set -u

here=$(cd "$(dirname "$0")" && pwd) || exit 1
quick='' runs=5 out="$here/results" command="./run.sh $*"
while [ $# -gt 0 ]; do
    case $1 in
        --quick) quick=--quick runs=1 ;;
        --runs) shift; runs=${1:-} ;;
        --out) shift; out=${1:-} ;;
        *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
    shift
done
case $runs in '' | *[!0-9]* | 0) echo "run.sh: --runs takes a number from 1" >&2; exit 2 ;; esac
[ -n "$out" ] || { echo "run.sh: --out takes a folder" >&2; exit 2; }
mkdir -p "$out" || exit 1
# What an earlier run left would be taken for this one's; nothing else there is touched.
rm -f "$out"/probes.run*.jsonl "$out"/twin.run*.jsonl "$out"/peers.run*.jsonl \
    "$out"/bench-*.run*.json "$out"/devices.txt "$out"/conformance.txt "$out"/table.txt \
    "$out"/state-before.txt "$out"/state-after.txt || exit 1

failed=''
fail() { failed="$failed $1"; echo "run.sh: $1 FAILED" >&2; }
say() { printf '\n== %s\n' "$1"; }

say 'device'
"$here/bin/isokern" devices | tee "$out/devices.txt"
if ! grep -q '^cuda 0' "$out/devices.txt"; then
    echo 'run.sh: there is no GPU to test. Fix: see the lines above' >&2
    exit 1
fi
device=$(sed -n 's/^cuda 0 *//p' "$out/devices.txt")
simulated=no probing=$quick
case $device in *'simulated device'*)
    # A simulation takes thousands of times as long, and its times say nothing: few are enough.
    simulated=yes probing=--quick runs=1
    ;;
esac

state() { # Machine, clocks and link, before and after: they are recorded, never set.
    {
        uname -srm
        command -v lscpu >/dev/null 2>&1 && lscpu
        if [ "$simulated" = no ] && command -v nvidia-smi >/dev/null 2>&1; then
            nvidia-smi --query-gpu=name,driver_version,pcie.link.gen.current,pcie.link.width.current \
                --format=csv
            nvidia-smi -q -d CLOCK,PERFORMANCE
            nvidia-smi topo -m
        fi
    } >"$out/state-$1.txt" 2>&1
}
state before

say 'conformance'
inputs=10000
[ "$simulated" = yes ] && inputs=64
[ -n "$quick" ] && inputs=2
if [ -d "$here/reference" ]; then
    ISOKERN_VECTORS="$here/reference"
    export ISOKERN_VECTORS
else
    unset ISOKERN_VECTORS
    echo 'skipped: the reference models, the bundle was made without them'
fi
ISOKERN_CUDA=system ISOKERN_OWN_VECTORS="$here/own" ISOKERN_RANDOM_INPUTS=$inputs \
    "$here/bin/cuda-tests" >"$out/conformance.txt" 2>&1 || fail conformance
grep -E '^(kernels run on|skipped|test result)|FAILED|panicked' "$out/conformance.txt"
grep -q '^kernels run on' "$out/conformance.txt" || fail 'conformance ran on nothing'

# The GPU's peers need PyTorch with CUDA; without it they are named and left out.
peers='PyTorch eager, PyTorch CUDA graph, torch.compile(reduce-overhead)'
why=''
if [ "$simulated" = yes ]; then
    why='the device is simulated'
elif ! python3 -c 'import torch' >/dev/null 2>&1; then
    why='python3 cannot import torch'
elif ! python3 -c 'import sys, torch; sys.exit(not torch.cuda.is_available())' 2>/dev/null; then
    why='torch finds no GPU'
fi
batch=4096
[ -n "$probing" ] && batch=4

# The same launches from C, where there is a compiler.
twin="$out/launch-twin"
rm -f "$twin"
if command -v cc >/dev/null 2>&1; then
    cc -O2 -o "$twin" "$here/launch_twin.c" -ldl || fail 'launch twin, compiling'
fi

run=1
while [ "$run" -le "$runs" ]; do
    say "run $run of $runs"
    "$here/bin/gpu-probes" $probing --run "$run" --actors "$here/actors" \
        >"$out/probes.run$run.jsonl" || fail "probes, run $run"
    if [ -x "$twin" ]; then
        "$twin" $probing --run "$run" >"$out/twin.run$run.jsonl" || fail "launch twin, run $run"
    fi
    for model in "$here"/models/*.ikm; do
        name=$(basename "$model" .ikm)
        echo "bench $name"
        if [ -n "$probing" ]; then set -- --runs 4; else set -- --time 2s -i "$here/inputs/$name.i8"; fi
        (cd "$here/models" && "$here/bin/isokern" bench "$name.ikm" --backend cuda \
            --batch "$batch" --json "$@") >"$out/bench-$name.run$run.json" || {
            rm -f "$out/bench-$name.run$run.json"
            fail "bench $name, run $run"
        }
    done
    if [ -z "$why" ]; then
        echo 'peers'
        python3 "$here/peers.py" $quick --run "$run" --batch "$batch" "$here"/models/*.json \
            >"$out/peers.run$run.jsonl" || fail "peers, run $run"
    fi
    run=$((run + 1))
done
[ -n "$why" ] && printf '\nskipped: %s, for %s\n' "$peers" "$why"
[ -x "$twin" ] || echo 'skipped: launches from C, for there is no cc'
state after

say 'table'
processor=$(sed -n 's/^model name[[:space:]]*: *//p' /proc/cpuinfo 2>/dev/null | head -n 1)
{
    echo "Machine: ${processor:-unknown processor}, $(uname -sr), $device."
    echo "Command: \`$command\`; $(date -u +%Y-%m-%d)."
    [ -n "$why" ] && echo "Skipped: $peers, for $why."
    [ -x "$twin" ] || echo 'Skipped: launches from C, for there is no cc.'
    [ -n "$failed" ] && echo "FAILED:$failed."
    "$here/bin/gpu-probes" table "$out" || echo 'FAILED: table'
} | tee "$out/table.txt"
grep -q '^FAILED' "$out/table.txt" && exit 1
exit 0

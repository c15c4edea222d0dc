#!/usr/bin/env python3
"""Isokern beside LiteRT, in turns, on one core: medians and ratios.

LiteRT runs in this process, Isokern in `block-timer`, a child that times blocks of
inferences when told to. Each round times one block of every contestant, in an order
that changes from round to round, so that what else the machine does falls on all of
them alike. A block's figure is its mean; reported are the median and the 99th
percentile over the rounds, and the median of the ratios within rounds.

    python3 -m pip install ai-edge-litert==2.3.0 numpy
    python3 tests/benches/compare_litert.py ../shared/models/*_int8.tflite

Needs a release build of the child, which it makes with cargo if it is missing.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy
from ai_edge_litert.interpreter import Interpreter, OpResolverType

ROOT = Path(__file__).resolve().parents[2]


class LiteRt:
    """One model in LiteRT, one thread."""

    def __init__(self, model, name, resolver):
        self.name = name
        self.interpreter = Interpreter(
            model_path=str(model), num_threads=1, experimental_op_resolver_type=resolver
        )
        self.interpreter.allocate_tensors()
        random_bytes = numpy.random.default_rng(1).bytes
        for details in self.interpreter.get_input_details():
            dtype = numpy.dtype(details["dtype"])
            count = int(numpy.prod(details["shape"]))
            if dtype == numpy.float32:  # as block-timer has them: multiples of 1/128
                values = numpy.frombuffer(random_bytes(count), numpy.int8) / dtype.type(128)
            else:
                values = numpy.frombuffer(random_bytes(count * dtype.itemsize), dtype)
            self.interpreter.set_tensor(details["index"], values.reshape(details["shape"]))

    def block(self, count):
        invoke = self.interpreter.invoke
        start = time.perf_counter_ns()
        for _ in range(count):
            invoke()
        return time.perf_counter_ns() - start


class Isokern:
    """One model in the child process."""

    def __init__(self, child, index, name):
        self.child, self.index, self.name = child, index, name

    def block(self, count):
        self.child.stdin.write(f"{self.index} {count}\n")
        self.child.stdin.flush()
        return int(self.child.stdout.readline())


def start_child(models, instructions, resident):
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = target / "release" / "block-timer"
    subprocess.run(
        ["cargo", "build", "--quiet", "--release", "-p", "isokern-tests", "--bin", "block-timer"],
        cwd=ROOT,
        check=True,
    )
    command = [str(program)] + ["--resident"] * resident
    if instructions:
        command += ["--instructions", instructions]
    child = subprocess.Popen(
        command + [str(model) for model in models],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    return child, child.stdout.readline().strip()


def measure(contestants, rounds, block_us):
    """Mean microseconds of each contestant's block, round by round."""
    counts = {}
    for contestant in contestants:
        contestant.block(20)
        one = max(contestant.block(50) / 50 / 1000, 0.5)
        counts[contestant.name] = max(int(block_us / one), 5)
    samples = {contestant.name: [] for contestant in contestants}
    order = list(contestants)
    shuffle = random.Random(1).shuffle
    for _ in range(rounds):
        shuffle(order)
        for contestant in order:
            count = counts[contestant.name]
            samples[contestant.name].append(contestant.block(count) / count / 1000)
    return samples


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--block-us", type=float, default=4000, help="length of a block")
    parser.add_argument("--instructions", help="instruction set of Isokern's loops")
    parser.add_argument(
        "--resident",
        action="store_true",
        help="count Isokern from inputs in the arena to outputs in the arena, as LiteRT is counted",
    )
    parser.add_argument("--cpu", type=int, default=1, help="core to run on, -1 for any")
    parser.add_argument("--json", type=Path, help="write all samples here")
    arguments = parser.parse_args()
    if arguments.cpu >= 0:
        os.sched_setaffinity(0, {arguments.cpu})
    child, instructions = start_child(
        arguments.models, arguments.instructions, arguments.resident
    )
    print(f"Isokern with {instructions}; {arguments.rounds} rounds; median [p99] in us")
    print("| model | Isokern | LiteRT + XNNPACK | LiteRT | Isokern / XNNPACK | Isokern / LiteRT |")
    print("|---|--:|--:|--:|--:|--:|")
    record = {}
    for index, model in enumerate(arguments.models):
        plain = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        contestants = [
            Isokern(child, index, "isokern"),
            LiteRt(model, "xnnpack", OpResolverType.AUTO),
            LiteRt(model, "litert", plain),
        ]
        samples = measure(contestants, arguments.rounds, arguments.block_us)
        record[model.name] = samples
        ours = samples["isokern"]
        cells = [model.stem]
        for name in ("isokern", "xnnpack", "litert"):
            ordered = sorted(samples[name])
            p99 = ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]
            cells.append(f"{statistics.median(ordered):.2f} [{p99:.2f}]")
        for name in ("xnnpack", "litert"):
            ratios = [a / b for a, b in zip(ours, samples[name])]
            cells.append(f"{statistics.median(ratios):.2f}")
        print("| " + " | ".join(cells) + " |", flush=True)
    child.stdin.close()
    if arguments.json:
        arguments.json.write_text(json.dumps(record))


if __name__ == "__main__":
    sys.exit(main())

"""Random graphs over every operator, and what TFLite Micro computes for them.

    random_graphs.py FOLDER --first 0 --count 10600 --workers 2

A graph follows from its seed alone.  Every value that an operator writes is an output of
the graph that TFLite Micro runs, state tensors among them, so that one run says which
operator differs.  The same graph with its last values as only outputs is stored too: a
converter may plan memory differently there.

`FOLDER/graphs.jsonl` has a line for each graph that TFLite Micro answered, `graphs.bin`
the bytes that it points to, and `refused.json` counts of the causes of all others.
README.md says what a line holds.
"""

import argparse
import collections
import functools
import json
import multiprocessing
import pathlib
import sys

import numpy as np

from graph_growth import Growth, Skip
from graph_moves import MOVES, STATE
from graph_oracle import ask
from graph_steps import QUANTIZE, STEPS, requantise
from tflite_writer import ELEMENTS, operator_name, pack_model, read_model

ALL = [*STEPS, *QUANTIZE, *MOVES]
# Steps that come more often: few operators lead to their kind of packed operator.
RARE = ["CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "SOFTMAX", "ADD_N", "ADD_EQUAL",
        "SELECT_V2", "GATHER"]
TURNS = ALL + RARE
# The greatest tensors: of ordinary graphs, and of those that are stored in the repository.
ELEMENTS_MAX, SMALL_MAX = 4096, 300
STATEFUL_EVERY = 14
STATEFUL_RUNS, RUNS = 20, 5


def apply(g, name):
    """Lets a graph grow by one step; whether it did."""
    table = next(table for table in (STEPS, QUANTIZE, MOVES, STATE) if name in table)
    before = len(g.net.operators)
    try:
        if table is QUANTIZE:
            requantise(g, *QUANTIZE[name])
        else:
            step = table[name]
            step(g, name) if step.__code__.co_argcount == 2 else step(g)
    except Skip:
        del g.net.operators[before:]
        written = {int(y) for op in g.net.operators for y in op.outputs}
        g.tensors = [x for x in g.tensors if x in written or x in g.net.inputs]
        return False
    return True


def grow(seed, elements_max=ELEMENTS_MAX):
    """The graph of a seed: an operator that seeds take in turn, among others."""
    for attempt in range(50):
        g = Growth(seed + (attempt << 32), elements_max)
        steps = g.one_of([1, 2, 2, 3, 3, 4, 4, 5, 6, 8])
        turn = g.whole(0, steps - 1)
        wanted = TURNS[seed % len(TURNS)]
        if seed % STATEFUL_EVERY == 0:
            wanted = list(STATE)[seed // STATEFUL_EVERY % len(STATE)]
        found = False
        for step in range(steps):
            for _ in range(4 if step == turn else 2):
                if apply(g, wanted if step == turn else g.one_of(ALL)):
                    found |= step == turn
                    break
        if found and any(is_read(g.net, x) for x in g.net.inputs):
            return g
    raise ValueError(f"seed {seed} gives no graph")


def written(g):
    """Every value that an operator writes, variables aside, with the operator's index."""
    return [(index, int(y)) for index, op in enumerate(g.net.operators)
            for y in op.outputs if int(y) in g.net.floats]


def files(g):
    """The file with all values as outputs, the file with the last ones, and their places."""
    values = written(g)
    data = g.net.finish([y for _, y in values])
    model = read_model(data)
    graph = model.subgraphs[0]
    graph.inputs = np.array([x for x in g.net.inputs if is_read(graph, x)], np.int32)
    used = {int(x) for op in graph.operators for x in op.inputs}
    ends = [place for place, (_, y) in enumerate(values) if y not in used]
    whole = pack_model(model)
    graph.outputs = np.array([values[place][1] for place in ends], np.int32)
    return whole, pack_model(model) if ends else b"", ends


def is_read(graph, x):
    """Whether an operator reads a tensor; of a model without inputs nothing depends."""
    return any(x in op.inputs for op in graph.operators)


def inputs_of(g, data, runs):
    """The bytes of all inputs of a run, one row a run: random ones, then both ends."""
    rows = [[] for _ in range(runs)]
    for x in read_model(data).subgraphs[0].inputs:
        dtype, shape = g.net.dtypes[int(x)], g.net.shape(int(x))
        kind, limits = ELEMENTS[dtype][1:]
        low, high = limits or (0, g.bounds.get(int(x), 2 if dtype == "bool" else 100) - 1)
        for run, row in enumerate(rows):
            if dtype == "float32":
                wide = np.float32(10.0 ** g.rng.integers(-2, 5))
                value = g.rng.normal(0, wide, shape).astype(kind)
                if g.chance(0.5):
                    value = np.round(value * 8) / 8
            elif run % 5 == 3:
                value = np.full(shape, low)
            elif run % 5 == 4:
                value = np.full(shape, high)
            elif run % 5 == 2:
                value = g.rng.choice([low, high], shape)
            else:
                value = g.rng.integers(low, high + 1, shape)
            row.append(np.asarray(value).astype(kind).tobytes())
    return [b"".join(row) for row in rows]


def one(seed, elements_max=ELEMENTS_MAX):
    """What a seed gives: the record with its bytes, or the cause of a refusal."""
    g = grow(seed, elements_max)
    whole, end, ends = files(g)
    model = read_model(whole)
    stream = any(operator_name(model, op) == "VAR_HANDLE" for op in model.subgraphs[0].operators)
    inputs = inputs_of(g, whole, STATEFUL_RUNS if stream else RUNS)
    outputs, cause = ask(whole, inputs)
    names = [operator_name(model, op) for op in model.subgraphs[0].operators]
    if cause:
        return seed, names, cause
    first = next((i for i, name in enumerate(names) if name == "CALL_ONCE"), None) is not None
    values = [{"operator": index + first, "dtype": g.net.dtypes[y],
               "bytes": int(np.prod(g.net.shape(y))) * np.dtype(ELEMENTS[g.net.dtypes[y]][1]).itemsize}
              for index, y in written(g)]
    record = {"seed": seed, "operators": names, "runs": len(inputs), "stream": stream,
              "values": values, "ends": ends}
    return record, {"model": whole, "end": end, "inputs": b"".join(inputs),
                    "outputs": b"".join(outputs)}


def guarded(seed, elements_max):
    try:
        return one(seed, elements_max)
    except Exception as error:  # noqa: BLE001: a fault of the generator is counted, with its seed
        return seed, ["generator"], f"generator: {error!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--small", action="store_true", help="with small tensors only")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    refused, answered, offset = collections.defaultdict(list), collections.Counter(), 0
    grown = functools.partial(guarded, elements_max=SMALL_MAX if arguments.small else ELEMENTS_MAX)
    seeds = range(arguments.first, arguments.first + arguments.count)
    with (multiprocessing.Pool(arguments.workers) as pool,
          open(arguments.folder / "graphs.jsonl", "w") as lines,
          open(arguments.folder / "graphs.bin", "wb") as store):
        for result in pool.imap(grown, seeds, 16):
            if len(result) == 3:
                seed, names, cause = result
                refused[cause].append(seed)
                continue
            record, parts = result
            for name, data in parts.items():
                record[name] = [offset, len(data)]
                if name == "end" and data == parts["model"]:
                    record[name] = record["model"]
                    continue
                store.write(data)
                offset += len(data)
            answered.update(set(record["operators"]))
            lines.write(json.dumps(record, separators=(",", ":")) + "\n")
    count = sum(map(len, refused.values()))
    causes = {cause: {"count": len(found), "seeds": found[:5]}
              for cause, found in sorted(refused.items(), key=lambda pair: -len(pair[1]))}
    (arguments.folder / "refused.json").write_text(json.dumps(causes, indent=1) + "\n")
    print(f"{len(seeds)} graphs, {count} refused by TFLite Micro ({100 * count / len(seeds):.1f} %)")
    for name, times in sorted(answered.items()):
        print(f"{times:6} {name}")
    for cause, facts in causes.items():
        print(f"{facts['count']:6} refused: {cause} (seeds {facts['seeds']})", file=sys.stderr)


if __name__ == "__main__":
    main()

"""Runs models through TFLite Micro and stores what came out, bit for bit.

For every model named in `MODELS`: `<model>.in.i8`, `<model>.out.tflm.i8`, an
entry in `manifest.json`, and in `layers.json` one digest per operator, so that
a test can name the first operator that differs.

TFLite Micro reuses the memory of tensors that are no longer needed, so the
bytes of an inner tensor cannot be read after a run.  Each operator's output is
therefore taken from a copy of the model that ends at this operator.
"""

import hashlib
import importlib.metadata
import json
import math
import pathlib

import numpy as np
from tflite_micro.python.tflite_micro import runtime

from make_models import GENERATED
from tflite_writer import ELEMENTS, operator_name, pack_model, read_model

HERE = pathlib.Path(__file__).parent
DIGITS_INPUTS = 32
GENERATED_INPUTS = 16
ARENA = 4 << 20
# Models whose operators do not each become one of the packed model.
REGROUPED = ("moves",)
WEIGHTED = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def run(data, inputs):
    """Raw outputs of the model for each row of `inputs`: per row the bytes of all ports, in
    their order, one stream through one interpreter."""
    described, _ = ports(data)
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=ARENA)
    rows = []
    for row in inputs:
        rest = row.tobytes()
        for position, port in enumerate(described):
            kind, shape = np.dtype(port["dtype"]), port["shape"]
            size = kind.itemsize * math.prod(shape)
            value, rest = np.frombuffer(rest[:size], kind).reshape(shape), rest[size:]
            interpreter.set_input(value, position)
        interpreter.invoke()
        count = len(ports(data)[1])
        rows.append(b"".join(interpreter.get_output(i).tobytes() for i in range(count)))
    return np.stack([np.frombuffer(row, np.int8) for row in rows])


def ports(data):
    """Inputs and outputs of a model: element type, shape and, if quantised, scale and zero
    point."""
    graph = read_model(data).subgraphs[0]

    def port(index):
        tensor = graph.tensors[index]
        kind = next(name for name, (code, _, _) in ELEMENTS.items() if code == tensor.type)
        facts = {"dtype": kind, "shape": [int(d) for d in tensor.shape]}
        if tensor.quantization is not None and tensor.quantization.scale is not None:
            facts["scale"] = float(tensor.quantization.scale[0])
            facts["zero_point"] = int(tensor.quantization.zeroPoint[0])
        return facts

    return [[port(index) for index in side] for side in (graph.inputs, graph.outputs)]


def describe(data):
    """The input and output facts of a manifest entry: flat for one int8 input and output, else
    a list of ports."""
    inputs, outputs = ports(data)
    if any(port["dtype"] != "int8" for port in inputs + outputs) or len(inputs + outputs) != 2:
        return {"inputs": inputs, "outputs": outputs, "stream": has_state(data)}
    facts = {}
    for side, port in (("input", inputs[0]), ("output", outputs[0])):
        for key in ("shape", "scale", "zero_point"):
            facts[f"{side}_{key}"] = port[key]
    return facts | ({"stream": True} if has_state(data) else {})


def has_state(data):
    """Whether runs depend on the runs before."""
    model = read_model(data)
    return any(operator_name(model, op) == "VAR_HANDLE"
               for graph in model.subgraphs for op in graph.operators)


def truncated(data, last):
    """The same model, ending at operator `last`."""
    model = read_model(data)
    graph = model.subgraphs[0]
    graph.operators = graph.operators[:last + 1]
    graph.outputs = np.array(graph.operators[last].outputs, np.int32)
    model.signatureDefs = None
    return pack_model(model)


def quantise_multiplier(real):
    """A real factor as a 31-bit mantissa and a power of two, as TFLite does."""
    if real == 0.0:
        return 0, 0
    mantissa, exponent = math.frexp(real)
    fixed = math.floor(mantissa * 2.0**31 + 0.5)
    if fixed == 1 << 31:
        fixed, exponent = fixed // 2, exponent + 1
    return (0, 0) if exponent < -31 else (fixed, exponent)


def requantisation(graph, op, name):
    """Multipliers and shifts of an operator with weights: one pair per output
    channel, or a single pair for a fully connected layer with one scale."""
    tensors = [graph.tensors[i] for i in (op.inputs[0], op.inputs[1], op.outputs[0])]
    source, weights, target = (t.quantization.scale.astype(np.float32) for t in tensors)
    if name != "FULLY_CONNECTED" or len(weights) > 1:
        weights = np.broadcast_to(weights, (int(tensors[2].shape[-1]),))
    reals = [float(source[0]) * float(w) / float(target[0]) for w in weights]
    pairs = [quantise_multiplier(real) for real in reals]
    return {"multiplier": [m for m, _ in pairs], "shift": [s for _, s in pairs]}


def layers(data, inputs):
    """One record per operator; digests for the first two inputs."""
    model = read_model(data)
    graph = model.subgraphs[0]
    records = []
    for index, op in enumerate(graph.operators):
        name = operator_name(model, op)
        target = graph.tensors[op.outputs[0]]
        record = {"op": name, "out_shape": [int(d) for d in target.shape],
                  "out_zero_point": zero_point_of(target)}
        if name in WEIGHTED:
            record |= requantisation(graph, op, name)
        outputs = run(truncated(data, index), inputs[:2])
        record["tflm"] = [
            {"sum": int(out.astype(np.int64).sum()),
             "sha256_16": hashlib.sha256(out.tobytes()).hexdigest()[:16]}
            for out in outputs]
        records.append(record)
    return records


def zero_point_of(tensor):
    """The zero point of a tensor; 0 for one that is not quantised."""
    return int(tensor.quantization.zeroPoint[0]) if tensor.quantization else 0


def store(path, data):
    """Writes a file and returns the record that the manifest keeps of it."""
    path.write_bytes(data)
    return {"file": path.name, "sha256": hashlib.sha256(data).hexdigest()}


def vectors(name, data, inputs, folder):
    """Writes one model's files; returns its manifest entry and its layers."""
    entry = {"file": f"models/{name}.tflite",
             "sha256": hashlib.sha256(data).hexdigest(),
             "n": len(inputs)} | describe(data)
    entry["vectors"] = {
        "in": store(folder / f"{name}.in.i8", inputs.tobytes()),
        "out.tflm": store(folder / f"{name}.out.tflm.i8", run(data, inputs).tobytes())}
    has_layers = "input_shape" in entry and name not in REGROUPED
    return entry, layers(data, inputs) if has_layers else None


def generated_inputs(name, data):
    """Random bytes, then the three constant inputs that tend to find clamps.

    An input of 256 values first has each byte once: for operators that are tables."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
    rng = np.random.default_rng(seed)
    rows = [port_inputs(rng, port) for port in ports(data)[0]]
    return np.concatenate(rows, 1)


def port_inputs(rng, port):
    """The inputs of one port as bytes, one row a run."""
    kind, length = np.dtype(port["dtype"]), math.prod(port["shape"])
    shape = (GENERATED_INPUTS - 3, length)
    if kind == np.bool_:
        low, high, rest = 0, 1, 0
    elif kind.kind == "f":
        low, high, rest = -50.0, 50.0, 0.0
    elif "scale" in port:
        low, high, rest = np.iinfo(kind).min, np.iinfo(kind).max, port["zero_point"]
    else:
        low, high, rest = 0, 3, 0
    random = rng.normal(0, 2, shape) if kind.kind == "f" else rng.integers(
        low, high + 1, shape, np.int8 if kind.itemsize == 1 and low < 0 else np.int64)
    if length == 256:
        edges(random, kind, low)
    constants = [np.full((1, length), value) for value in (low, high, rest)]
    rows = np.concatenate([random, *constants]).astype(kind)
    return np.ascontiguousarray(rows).view(np.int8)


def edges(random, kind, low):
    """Puts every byte into the first row, or numbers of other types that find edges into the
    first two."""
    if kind.itemsize == 1 and kind != np.bool_:
        random[0] = np.arange(low, low + 256)
    elif kind.kind == "f":
        # Halves of steps, then numbers of random bits, which are of every magnitude.
        random[0] = (np.arange(256) - 128) * 0.05
        bits = np.random.default_rng(1).integers(0, 2**32, 256, np.uint64).astype(np.uint32)
        with np.errstate(invalid="ignore"):
            random[1] = bits.view(np.float32)
        random[1, :12] = [np.nan, np.inf, -np.inf, -0.0, 2**31, -2**31, 2**31 - 128, 2**32,
                          1e-45, -0.5, 2.5, 127.5]
    elif kind.itemsize == 4:
        # Of every number of bits, and the ends.
        bits = np.random.default_rng(2).integers(0, 2**32, 256, np.uint64) >> (
            np.arange(256, dtype=np.uint64) % np.uint64(32))
        bits[:4] = 2**31, 2**31 - 1, 2**32 - 1, 2**24 + 1
        random[0] = bits.astype(np.uint32).view(kind)


def digits_inputs():
    """The first of the held-back images."""
    images = np.frombuffer((HERE / "models/digits.test.i8").read_bytes(), np.int8)
    return images.reshape(-1, 64)[:DIGITS_INPUTS]


def write_layers(path, all_layers):
    """JSON with one operator per line, so that a change reads well in a diff."""
    blocks = []
    for name, records in all_layers.items():
        lines = ",\n".join(json.dumps(r, separators=(",", ":")) for r in records)
        blocks.append(f"{json.dumps(name)}:[\n{lines}\n]")
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n")


def main():
    folder = HERE / "vectors"
    folder.mkdir(exist_ok=True)
    entries, all_layers = {}, {}
    for name in ["digits", *GENERATED]:
        data = (HERE / f"models/{name}.tflite").read_bytes()
        inputs = digits_inputs() if name == "digits" else generated_inputs(name, data)
        entries[name], found = vectors(name, data, inputs, folder)
        all_layers |= {name: found} if found else {}
    manifest = {
        "source": {"scripts": ["train_digits.py", "make_models.py", "make_vectors.py"]},
        "layout": "<model>.in.i8: n inputs, <model>.out.tflm.i8: n outputs; "
                  "raw int8, C order, nothing between them",
        "versions": {p: importlib.metadata.version(p)
                     for p in ("tflite-micro", "ai-edge-litert", "numpy")},
        "profiles": {"tflm": "reference kernels of TFLite Micro, x86-64 wheel"},
        "models": entries,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    write_layers(folder / "layers.json", all_layers)


if __name__ == "__main__":
    main()

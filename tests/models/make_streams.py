"""Writes a small streaming model of the shape that wake words have, and what TFLite Micro
computes for a stream: the outputs of every step, and what every variable holds after it.

TFLite Micro does not show its variables.  Each is therefore read from a copy of the model whose
outputs are the tensors that the model assigns.
"""

import hashlib
import importlib.metadata
import json
import pathlib

import numpy as np
from tflite_micro.python.tflite_micro import runtime

from tflite_writer import RELU, VALID, Network, operator_name, pack_model, read_model

HERE = pathlib.Path(__file__).parent / "streams"
STEPS = 48
FRAMES, FEATURES = 2, 10
ARENA = 1 << 20


def ring(net, handle, x, kept):
    """What the variable holds and then `x`, of which the last `kept` rows are kept."""
    joined = net.concatenate([net.read(handle), x], 1)
    rows = net.shape(joined)[1]
    tail = net.strided_slice(joined, [0, rows - kept, 0, 0], [0, rows, 0, 0], beginMask=13,
                             endMask=13)
    net.assign(handle, tail)
    return joined


def keyword():
    """Three ring buffers: one that CALL_ONCE fills with the zero point, one that it fills with
    other values, and one that it leaves alone."""
    net = Network("keyword", (1, FRAMES, FEATURES), seed=64, scale=0.06, zero_point=-128)
    x = net.reshape(net.input, 1, FRAMES, 1, FEATURES)
    first = net.variable("frames", (1, 3, 1, FEATURES), 0.06, -128, initial=-128)
    a = net.conv(ring(net, first, x, 3), 8, (5, 1), padding=VALID, activation=RELU, slack=0.05)
    scale, zero_point = net.quantisation(a)
    values = np.random.default_rng(61).integers(-128, 128, (1, 4, 1, 8))
    second = net.variable("maps", (1, 4, 1, 8), scale, zero_point, initial=values)
    b = net.depthwise(ring(net, second, a, 4), 1, (5, 1), padding=VALID)
    c = net.conv(b, 6, activation=RELU)
    scale, zero_point = net.quantisation(c)
    third = net.variable("rows", (1, 3, 1, 6), scale, zero_point)
    d = net.reshape(ring(net, third, c, 3), 1, 24)
    return net.finish(net.quantize(net.logistic(net.dense(d, 1, std=2.0)), "uint8",
                                   (np.float32(1 / 256), 0)))


def variables():
    """Values that are read before and after others are assigned, under two handles of one
    variable; a constant that is assigned; outputs that are variables. Each variable is read at
    some step after, so that the outputs show all of them."""
    net = Network("variables", (1, 4), seed=65)
    scale, zero_point = net.quantisation(net.input)
    values = np.array([[-100, -1, 3, 90]])
    first = net.variable("first", (1, 4), scale, zero_point, initial=values)
    second = net.variable("second", (1, 4), scale, zero_point)
    third = net.variable("third", (2, 2), 0.05, 7, initial=[[1, -2], [3, -4]])
    old_first, old_second, old_third = net.read(first), net.read(second), net.read(third)
    net.assign(first, net.input)
    net.assign(second, old_first)
    again = net.variable("first", (1, 4), scale, zero_point)
    total = net.add(old_first, old_second)
    net.assign(third, net.constant([[-128, 127], [0, 5]], "int8", 0.05, 7))
    now = net.read(again)
    half = net.activation(net.floats[now], scale, zero_point, "half")
    net.operator("MAXIMUM", [now, net.constant([[-50] * 4], "int8", scale, zero_point)], half)
    net.assign(again, half)
    return net.finish([total, old_third, net.read(first), net.read(second), now])


def of_assigned(data):
    """A copy of the model whose outputs are the tensors that it assigns, in the order of the
    VAR_HANDLEs; the model's own output is the last."""
    model = read_model(data)
    graph = model.subgraphs[0]
    assigned = {int(op.inputs[0]): int(op.inputs[1]) for op in graph.operators
                if operator_name(model, op) == "ASSIGN_VARIABLE"}
    handles = [int(op.outputs[0]) for op in graph.operators
               if operator_name(model, op) == "VAR_HANDLE"]
    graph.outputs = np.array([assigned[handle] for handle in handles] + list(graph.outputs),
                             np.int32)
    return pack_model(model), len(handles)


def invoke(interpreter, step, count):
    """The bytes of the outputs after one step."""
    interpreter.set_input(step.reshape(1, FRAMES, FEATURES), 0)
    interpreter.invoke()
    return [interpreter.get_output(at).tobytes() for at in range(count)]


def stream(data, steps):
    """Outputs and states after every step, and both after one step that follows a reset."""
    copy, variables = of_assigned(data)
    whole = runtime.Interpreter.from_bytes(data, arena_size=ARENA)
    copied = runtime.Interpreter.from_bytes(copy, arena_size=ARENA)
    outputs, states = [], []
    for step in steps:
        *state, output = invoke(copied, step, variables + 1)
        assert invoke(whole, step, 1) == [output]
        outputs.append(output)
        states.append(b"".join(state))
    copied.reset()
    *state, output = invoke(copied, steps[0], variables + 1)
    return {"out.tflm.u8": b"".join(outputs), "state.tflm.i8": b"".join(states),
            "reset.tflm.i8": b"".join(state) + output}


def main():
    HERE.mkdir(exist_ok=True)
    data = keyword()
    rng = np.random.default_rng(62)
    steps = rng.integers(-128, 128, (STEPS, FRAMES * FEATURES), np.int8)
    steps[-6:-3], steps[-3:] = -128, 127
    files = {"keyword.tflite": data, "keyword.in.i8": steps.tobytes()}
    files |= {f"keyword.{name}": found for name, found in stream(data, steps).items()}
    steps = rng.integers(-128, 128, (STEPS, 4), np.int8)
    data = variables()
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=ARENA)
    outputs = []
    for step in steps:
        interpreter.set_input(step.reshape(1, 4), 0)
        interpreter.invoke()
        outputs += [interpreter.get_output(at).tobytes() for at in range(5)]
    files |= {"variables.tflite": data, "variables.in.i8": steps.tobytes(),
              "variables.out.tflm.i8": b"".join(outputs)}
    for name, found in files.items():
        (HERE / name).write_bytes(found)
    manifest = {"versions": {p: importlib.metadata.version(p)
                             for p in ("tflite-micro", "ai-edge-litert", "numpy")},
                "sha256": {name: hashlib.sha256(found).hexdigest()
                           for name, found in files.items()}}
    (HERE / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""PyTorch beside Isokern: float twins of the models, timed from host memory to host memory.

A twin has the layers of a model, as `isokern inspect --json` describes them, with random
weights: the same work, another arithmetic. Prints one JSON line for each model, way and batch.

    peers.py [--device cuda|cpu] [--quick] [--batch N] [--run N] DESCRIPTION.json ...
"""

import argparse
import gc
import json
import math
import sys
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

# Calls before any that counts, and seconds they take at least.
WARM_UP = (1000, 0.5)
WARM_UP_QUICK = (3, 0.0)
# A path slower than this takes fewer samples.
SLOW_NS = 50_000


class Layer(nn.Module):
    """One operator of a model, on tensors that lie as channel, row, column."""

    def __init__(self, operator, shapes):
        super().__init__()
        self.kind, self.operation = operator["kind"], operator["operation"]
        self.out_shape = shapes[operator["outputs"][0]]
        self.window = operator.get("window")
        activation = operator.get("activation")
        # A clamp above the least value is a ReLU of the quantised model.
        self.relu = bool(activation) and activation["min"] > -128
        weights = operator.get("weights")
        in_shape = shapes[operator["inputs"][0]]
        if self.kind == "CONV_2D":
            size = (weights["outputs"], in_shape[-1], *self.window["kernel"])
        elif self.kind == "DEPTHWISE_CONV_2D":
            size = (weights["outputs"], 1, *self.window["kernel"])
        elif self.kind == "FULLY_CONNECTED":
            size = (weights["outputs"], weights["terms"])
        else:
            size = None
        self.groups = in_shape[-1] if self.kind == "DEPTHWISE_CONV_2D" else 1
        if size is not None:
            bound = 1 / math.sqrt(math.prod(size[1:]))
            self.weight = nn.Parameter(torch.empty(size).uniform_(-bound, bound))
            self.bias = nn.Parameter(torch.empty(size[0]).uniform_(-bound, bound))

    def forward(self, *inputs):
        found = self.compute(*inputs)
        return functional.relu(found) if self.relu else found

    def compute(self, first, *others):
        if self.kind == "ADD":
            return first + others[0]
        if self.kind == "FULLY_CONNECTED":
            return functional.linear(flat(first), self.weight, self.bias)
        if self.kind == "RESHAPE":
            return self.reshape(first)
        if self.kind == "SOFTMAX":
            return functional.softmax(first, dim=1 if first.dim() == 4 else -1)
        (top, left), (bottom, right) = self.window["padding_before"], self.window["padding_after"]
        if self.kind == "POOL":
            if self.operation != "average":
                raise SystemExit(f"peers.py: a pool with operation {self.operation} has no twin")
            # Padding is not counted by TFLite; torch can only pad both sides alike.
            if (top, left) != (bottom, right):
                raise SystemExit("peers.py: an average pool with uneven padding has no twin")
            return functional.avg_pool2d(
                first,
                self.window["kernel"],
                self.window["stride"],
                (top, left),
                count_include_pad=False,
            )
        padding = (top, left)
        if (top, left) != (bottom, right):
            first, padding = functional.pad(first, (left, right, top, bottom)), 0
        return functional.conv2d(
            first,
            self.weight,
            self.bias,
            self.window["stride"],
            padding,
            self.window["dilation"],
            self.groups,
        )

    def reshape(self, first):
        first = first if first.dim() == 2 else first.permute(0, 2, 3, 1)
        if len(self.out_shape) != 4:
            return first.reshape(first.shape[0], *self.out_shape[1:])
        rows, columns, channels = self.out_shape[1:]
        image = first.reshape(first.shape[0], rows, columns, channels)
        return image.permute(0, 3, 1, 2).contiguous()


def flat(tensor):
    """A sample's values in one row, in the order of the int8 model."""
    if tensor.dim() == 4:
        tensor = tensor.permute(0, 2, 3, 1)
    return tensor.reshape(tensor.shape[0], -1)


class Twin(nn.Module):
    """All operators, each with the tensors it reads."""

    def __init__(self, description):
        super().__init__()
        shapes = {tensor["index"]: tensor["shape"] for tensor in description["tensors"]}
        operators = description["operators"]
        unknown = {operator["kind"] for operator in operators} - KINDS
        if unknown:
            raise SystemExit(f"peers.py: no twin of {', '.join(sorted(unknown))}")
        self.layers = nn.ModuleList(Layer(operator, shapes) for operator in operators)
        self.wiring = [(operator["inputs"], operator["outputs"][0]) for operator in operators]
        self.ends = (description["inputs"][0]["index"], description["outputs"][0]["index"])
        self.in_shape = shapes[self.ends[0]][1:]
        self.out_shape = shapes[self.ends[1]][1:]

    def forward(self, sample):
        if sample.dim() == 4:
            sample = sample.permute(0, 3, 1, 2)
        values = {self.ends[0]: sample}
        for layer, (inputs, output) in zip(self.layers, self.wiring):
            values[output] = layer(*(values[index] for index in inputs))
        return as_model(values[self.ends[1]])

    def check(self, description):
        """Every operator of the twin gives the model's shape, with as many multiplications."""
        sample = torch.zeros((1, *self.in_shape))
        values = {self.ends[0]: sample.permute(0, 3, 1, 2) if sample.dim() == 4 else sample}
        for layer, operator in zip(self.layers, description["operators"]):
            found = layer(*(values[index] for index in operator["inputs"]))
            values[operator["outputs"][0]] = found
            shape = list(as_model(found).shape[1:])
            weight = getattr(layer, "weight", None)
            terms = 0 if weight is None else weight[0].numel()
            macs = math.prod(shape) * terms if terms else operator["macs"]
            if (shape, macs) != (layer.out_shape[1:], operator["macs"]):
                raise SystemExit(
                    f"peers.py: operator {operator['index']} of the twin gives {shape} with "
                    f"{macs} multiplications, the model's {layer.out_shape[1:]} with "
                    f"{operator['macs']}"
                )


def as_model(tensor):
    """An image with its channels last, as the int8 model has it."""
    return tensor.permute(0, 2, 3, 1) if tensor.dim() == 4 else tensor


KINDS = {
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "ADD",
    "POOL",
    "RESHAPE",
    "SOFTMAX",
}


class Bench:
    """A twin with static buffers on both sides, and the ways to run it."""

    def __init__(self, twin, batch, device):
        self.device = torch.device(device)
        self.is_cuda = self.device.type == "cuda"
        self.twin = twin.to(self.device).eval()
        pin = {"pin_memory": self.is_cuda}
        self.host_in = torch.empty((batch, *twin.in_shape), **pin).uniform_(-1, 1)
        self.host_out = torch.empty((batch, *twin.out_shape), **pin)
        self.dev_in = self.host_in.to(self.device)
        self.expected = self.twin(self.dev_in).to("cpu")

    def work(self, run):
        """Copies in, runs, copies out; nothing waits."""
        self.dev_in.copy_(self.host_in, non_blocking=True)
        self.host_out.copy_(run(self.dev_in), non_blocking=True)

    def wait(self):
        if self.is_cuda:
            torch.cuda.current_stream().synchronize()

    def eager(self):
        def call():
            self.work(self.twin)
            self.wait()

        return call

    def graph(self):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(3):
                self.work(self.twin)
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self.work(self.twin)

        def call():
            graph.replay()
            self.wait()

        return call

    def compiled(self):
        mode = {"mode": "reduce-overhead"} if self.is_cuda else {}
        run = torch.compile(self.twin, fullgraph=True, dynamic=False, **mode)
        for _ in range(20):
            run(self.dev_in)

        def call():
            self.work(run)
            self.wait()

        return call

    def check(self, variant):
        """The answer of the last call must be that of the twin, as floats go."""
        difference = (self.host_out - self.expected).abs().max().item()
        scale = max(self.expected.abs().max().item(), 1e-6)
        if not difference <= 1e-3 * scale:
            raise SystemExit(f"peers.py: {variant} differs from the twin by {difference}")


def timed(call, quick, least_seconds):
    """Raw times in ns: 100 000, fewer where a call is slow or few are wanted."""
    calls, seconds = WARM_UP_QUICK if quick else WARM_UP
    start, done = time.perf_counter(), 0
    while done < calls or time.perf_counter() - start < seconds:
        call()
        done += 1
    mean_ns = (time.perf_counter() - start) / done * 1e9
    if quick:
        count = 5
    else:
        count = 10_000 if mean_ns > SLOW_NS else 100_000
        count = min(count, max(200, math.ceil(least_seconds * 5e9 / mean_ns)))
    clock, times = time.perf_counter_ns, []
    for _ in range(count):
        begin = clock()
        call()
        times.append(clock() - begin)
    return times


def quantile(times, share):
    """The nearest rank."""
    return times[max(1, math.ceil(share * len(times))) - 1]


def measure(name, description, batch, arguments):
    for variant in ("eager", "graph", "compile"):
        if variant == "graph" and arguments.device == "cpu":
            continue
        if variant == "compile" and arguments.device == "cpu" and arguments.quick:
            continue
        torch.manual_seed(1)
        # Made outside the inference mode, whose tensors the compiler does not take everywhere.
        twin = Twin(description).requires_grad_(False)
        twin.check(description)
        bench = Bench(twin, batch, arguments.device)
        way = {"eager": bench.eager, "graph": bench.graph, "compile": bench.compiled}[variant]
        try:
            with torch.inference_mode():
                call = way()
        except Exception as error:  # A compiler that is missing must not end the other ways.
            if variant != "compile":
                raise
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            print(json.dumps({"id": "skipped", "model": name, "peer": variant, "why": reason}))
            continue
        bench.host_out.fill_(float("nan"))
        with torch.inference_mode():
            times = timed(call, arguments.quick, 2.0)
        bench.check(variant)
        print(json.dumps(line(name, variant, batch, times, arguments)), flush=True)


def line(name, variant, batch, times, arguments):
    spent = sum(times)
    times = sorted(times)
    device = arguments.device
    where = torch.cuda.get_device_name() if device == "cuda" else "the processor"
    return {
        "id": "peer",
        "model": name,
        "variant": variant,
        "batch": batch,
        "run": arguments.run,
        "path": "host to device to host" if device == "cuda" else "host",
        "device": where,
        "torch": torch.__version__,
        "unit": "ns",
        "samples": len(times),
        "min": times[0],
        "p50": quantile(times, 0.5),
        "p90": quantile(times, 0.9),
        "p99": quantile(times, 0.99),
        "p999": quantile(times, 0.999),
        "max": times[-1],
        "inferences_per_second": batch * len(times) * 1e9 / spent,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("descriptions", nargs="+", type=Path)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--batch", type=int, default=4096)
    parser.add_argument("--run", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        sys.exit("peers.py: torch finds no GPU. Fix: pass --device cpu, or install a CUDA build")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    gc.disable()
    for path in arguments.descriptions:
        description = json.loads(path.read_text())
        for batch in (1, arguments.batch):
            measure(path.stem, description, batch, arguments)
        gc.collect()


if __name__ == "__main__":
    main()

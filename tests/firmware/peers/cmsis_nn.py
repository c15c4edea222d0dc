#!/usr/bin/env python3
"""Counts the instructions of CMSIS-NN for the convolutions, depthwise and dense layers of models.

A check, outside CI, of the figures of CMSIS-NN in `tests/firmware/figures.md`. The sources of CMSIS-NN
4.0.0 come with the Python package `bakenn`, which pip fetches; none of them is in the repository.

    python3 tests/firmware/peers/cmsis_nn.py [--isokern PROGRAM] MODEL...

Needs arm-none-eabi-gcc with newlib (Debian: gcc-arm-none-eabi, libnewlib-arm-none-eabi),
qemu-system-arm, pip, and `cargo build --release -p isokern-cli`.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

PACKAGE = "bakenn==1.0.0"
SOURCES = "bakenn/backend/cmsis_nn/vendor"
HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FIGURES = HERE.parent / "figures.md"
FLAGS = "-O2 -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -ffunction-sections".split()
QEMU = (
    "qemu-system-arm -machine mps2-an386 -display none -monitor none -serial none "
    "-icount shift=0,sleep=off -semihosting-config enable=on,target=native -kernel"
).split()
MAP = """
ENTRY(reset)
SECTIONS {
  .text 0x0 : { KEEP(*(.vectors)) *(.text*) *(.rodata*) *(.ARM.*) }
  .bss 0x20000000 (NOLOAD) : { BSS_START = .; *(.data*) *(.bss*) *(COMMON) . = ALIGN(4); BSS_END = .; }
  STACK_END = 0x20400000;
}
"""
KINDS = {"CONV_2D": "CONVOLUTION", "DEPTHWISE_CONV_2D": "DEPTHWISE", "FULLY_CONNECTED": "DENSE"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--isokern", default=ROOT / "target/release/isokern", type=pathlib.Path)
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    layers = []
    for model in arguments.models:
        layers += layers_of(arguments.isokern, model)
    with tempfile.TemporaryDirectory() as folder:
        counts = count(pathlib.Path(folder), layers)
    report(layers, counts)


def layers_of(isokern, model):
    """Returns (model, kind, shapes in words, line of C) for each layer that is counted."""
    text = subprocess.run(
        [isokern, "inspect", model, "--json"], check=True, capture_output=True, text=True
    ).stdout
    facts = json.loads(text)
    found = []
    for operator in facts["operators"]:
        if operator["kind"] not in KINDS:
            continue
        ends = [facts["tensors"][operator[end][0]] for end in ("inputs", "outputs")]
        found.append((model.stem, operator["kind"], *line_of(operator, *ends)))
    return found


def line_of(operator, source, target):
    """Returns the shapes of a layer in words, and its line of `layers.h`."""
    window, kind = operator["window"], operator["kind"]
    if kind == "FULLY_CONNECTED":
        terms, outputs = operator["weights"]["terms"], operator["weights"]["outputs"]
        rows = source["bytes"] // terms
        dims = [rows, 1, 1, terms], [terms, 1, 1, outputs], [rows, 1, 1, outputs]
        pairs, multiplier, words = ["{1, 1}", "{1, 1}", "{0, 0}"], 1, f"{terms} to {outputs}"
    else:
        kernel, first = window["kernel"], source["shape"]
        filter_channels = target["shape"][3] if kind == "DEPTHWISE_CONV_2D" else first[3]
        filters = 1 if kind == "DEPTHWISE_CONV_2D" else target["shape"][3]
        dims = first, [filters, *kernel, filter_channels], target["shape"]
        pairs = [tile(window[name]) for name in ("stride", "dilation", "padding_before")]
        multiplier = operator["depth_multiplier"] or 1
        words = f"{first} by {kernel[0]}x{kernel[1]} to {target['shape']}"
    braces = ["{" + ", ".join(map(str, dim)) + "}" for dim in dims]
    activation = operator["activation"]
    rest = [-source["zero_point"], target["zero_point"], activation["min"], activation["max"]]
    parts = [KINDS[kind], *braces, multiplier, *pairs, *rest]
    return words, "{" + ", ".join(map(str, parts)) + "},"


def tile(pair):
    """Returns a pair of rows and columns as CMSIS-NN has it: width, height."""
    return f"{{{pair[1]}, {pair[0]}}}"


def count(folder, layers):
    """Builds the layers with CMSIS-NN, runs them, and returns the instructions of each."""
    fetch = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder]
    subprocess.run([*fetch, PACKAGE], check=True)
    sources = folder / SOURCES
    (folder / "layers.h").write_text("\n".join(line for *_, line in layers))
    (folder / "map.ld").write_text(MAP)
    program = folder / "layers.elf"
    files = sorted((sources / "cmsis_nn/Source").glob("*/arm_*.c"))
    headers = folder, sources / "cmsis_nn/Include", sources / "cmsis_core/Include"
    includes = [f"-I{header}" for header in headers]
    link = ["-nostartfiles", "-Wl,--gc-sections", "-T", folder / "map.ld", "-o", program]
    command = ["arm-none-eabi-gcc", *FLAGS, *includes, HERE / "cmsis_nn.c", *files, *link]
    subprocess.run(command, check=True)
    # The emulator has what a program prints on its standard error.
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    run = subprocess.run([*QEMU, program], **output, text=True, timeout=600)
    printed = [line.split() for line in run.stdout.splitlines()]
    numbers = {name: int(number) for name, number in printed}
    if run.returncode != 0 or "failed" in numbers:
        sys.exit(f"the program failed ({run.returncode}):\n{run.stdout}")
    rate = numbers["known_instructions"] / numbers["known_ticks"]
    return [round(int(number) * rate) for name, number in printed if name == "ticks"]


def report(layers, counts):
    """Prints each layer, and the sum of each model beside what the table has."""
    sums = {}
    for (model, kind, words, _), instructions in zip(layers, counts, strict=True):
        print(f"{model:<20} {kind:<18} {instructions:>11}  {words}")
        sums[model] = sums.get(model, 0) + instructions
    table = FIGURES.read_text()
    print(f"\n{'model':<20} {'these layers':>13} {'all, in the table':>18}")
    for model, instructions in sums.items():
        row = re.search(rf"^\| mps2-an386 \| {model} \| smlad .*", table, re.MULTILINE)
        known = row.group(0).split("|")[12].strip() if row else "-"
        share = f" {100 * instructions / int(known):.1f} %" if known.isdigit() else ""
        print(f"{model:<20} {instructions:>13} {known:>18}{share}")


if __name__ == "__main__":
    main()

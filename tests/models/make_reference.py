"""Runs the four reference models through TFLite Micro and stores digests.

    python make_reference.py FOLDER      # the folder with their .tflite files

The models are other people's and stay where they are. `reference.json` names
each by its hash, and holds what TFLite Micro answers for inputs that every
language can make again from a seed: the digest of each output, and of each
operator's output and scales, so that a test can name the first that differs.

A digest is the first 16 hex digits of the SHA-256. Scales are the multipliers
(int32, little-endian) followed by the shifts (int8); where all pairs of an
operator are equal they are one pair.
"""

import hashlib
import importlib.metadata
import json
import math
import pathlib
import sys

import numpy as np

from make_vectors import HERE, describe, layers, run

MODELS = ["kws_dscnn_int8", "ad01_int8", "ic_resnet8_int8", "vww_mnv1_int8"]
SEEDS = [1, 2, 3, 5, 8, 13, 21, 34]


def generated(seed, length):
    """The top byte of each state of xorshift32, as `generate_input` in Rust."""
    values = np.empty(length, np.uint8)
    state = seed
    for index in range(length):
        state ^= (state << 13) & 0xFFFFFFFF
        state ^= state >> 17
        state ^= (state << 5) & 0xFFFFFFFF
        values[index] = state >> 24
    return values.view(np.int8)


def digest(data):
    """The first 16 hex digits of the SHA-256."""
    return hashlib.sha256(data).hexdigest()[:16]


def scales(layer):
    """The digest of an operator's multipliers and shifts."""
    pairs = list(zip(layer["multiplier"], layer["shift"]))
    pairs = pairs[:1] if len(set(pairs)) == 1 else pairs
    multipliers = np.array([pair[0] for pair in pairs], "<i4")
    shifts = np.array([pair[1] for pair in pairs], np.int8)
    return digest(multipliers.tobytes() + shifts.tobytes())


def entry(data, name):
    """What is stored of a model."""
    length = math.prod(describe(data)["input_shape"])
    inputs = np.stack([generated(seed, length) for seed in SEEDS])
    operators = []
    for layer in layers(data, inputs):
        operator = {"op": layer["op"]}
        if "multiplier" in layer:
            operator["scales"] = scales(layer)
        operator["outputs"] = [of_input["sha256_16"] for of_input in layer["tflm"]]
        operators.append(operator)
    return {"file": f"{name}.tflite",
            "sha256": hashlib.sha256(data).hexdigest(),
            "outputs": [digest(row.tobytes()) for row in run(data, inputs)],
            "operators": operators}


def main():
    folder = pathlib.Path(sys.argv[1])
    facts = {
        "source": {"repo": "https://github.com/mlcommons/tiny",
                   "commit": "1afd2c9820f795965a6134facd0b4dfae41ef23f",
                   "licence": "Apache-2.0"},
        "versions": {p: importlib.metadata.version(p) for p in ("tflite-micro", "numpy")},
        "seeds": SEEDS,
    }
    lines = [f' {json.dumps(key)}: {json.dumps(value)},' for key, value in facts.items()]
    blocks = []
    for name in MODELS:
        record = entry((folder / f"{name}.tflite").read_bytes(), name)
        operators = ",\n".join("    " + json.dumps(o) for o in record.pop("operators"))
        facts_of = [f'   {json.dumps(k)}: {json.dumps(v)},' for k, v in record.items()]
        blocks.append("\n".join([f'  {json.dumps(name)}: {{', *facts_of,
                                 f'   "operators": [\n{operators}\n   ]\n  }}']))
    text = "\n".join(["{", *lines, ' "models": {', ",\n".join(blocks), " }", "}"]) + "\n"
    json.loads(text)
    (HERE / "reference.json").write_text(text)


if __name__ == "__main__":
    main()

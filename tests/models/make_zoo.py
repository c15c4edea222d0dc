"""Runs the streaming models of a folder of public models through TFLite Micro and stores digests of
what every variable holds, and which models are refused.

    python make_zoo.py FOLDER            # with manifest.json, models and vectors

The models are other people's and stay where they are.  TFLite Micro does not show its variables:
each is read from a copy of the model whose outputs are the tensors that the model assigns.  A
digest is the first 16 hex digits of the SHA-256: `steps` of the variable's bytes after each step,
one after the other, `last` of those after the last step.
"""

import json
import pathlib
import sys

import numpy as np
from tflite_micro.python.tflite_micro import runtime

from make_reference import digest
from make_streams import of_assigned
from make_vectors import ARENA, HERE


REFUSED = {
    "94375ed2": "LSTM", "a44e4d8a": "LSTM", "ac718e4b": "LSTM",
    "278949d1": "operators on signals", "684c7e47": "operators on signals",
    "d1e85b5e": "activations of 16 bits",
    "5cc4330a": "operators on floats", "1972f7d4": "operators on floats",
}


def variables(data, steps, outputs):
    """A row for each variable, sorted; `outputs` are what the model itself answers."""
    copy, count = of_assigned(data)
    interpreter = runtime.Interpreter.from_bytes(copy, arena_size=ARENA)
    kept = [[] for _ in range(count)]
    for step, output in zip(steps, outputs):
        interpreter.set_input(step, 0)
        interpreter.invoke()
        for at in range(count):
            kept[at].append(interpreter.get_output(at).tobytes())
        assert interpreter.get_output(count).tobytes() == output.tobytes()
    return sorted(({"bytes": len(one[0]), "steps": digest(b"".join(one)), "last": digest(one[-1])}
                   for one in kept), key=lambda row: (row["bytes"], row["steps"]))


def main():
    folder = pathlib.Path(sys.argv[1])
    lines = []
    for row in json.loads((folder / "manifest.json").read_text()):
        if "VAR_HANDLE" not in row["stateful"]:
            continue
        vectors = [np.load(folder / "vectors" / f"{row['name']}.{end}.npy")
                   for end in ("in0", "out0.tflm")]
        rows = variables((folder / "models" / row["file"]).read_bytes(), *vectors)
        rows = ",\n".join("   " + json.dumps(one) for one in rows)
        lines.append(f'  "{row["name"].split("-")[0]}": [\n{rows}\n  ]')
    refused = ",\n".join(f"  {json.dumps(key)}: {json.dumps(why)}" for key, why in REFUSED.items())
    text = (f'{{\n "refused": {{\n{refused}\n }},\n "variables": {{\n' + ",\n".join(lines)
            + "\n }\n}\n")
    json.loads(text)
    (HERE / "zoo.json").write_text(text)


if __name__ == "__main__":
    main()

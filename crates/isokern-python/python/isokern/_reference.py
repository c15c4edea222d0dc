"""Other runtimes, each run in a process of its own: they end the whole process on some files.

`python -m isokern._reference NAME` reads a pickle of a TFLite file and its runs from standard input,
and writes one of the outputs to standard output.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ._errors import ReferenceRunError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    # The arrays of all inputs, or of all outputs, one list a run.
    Runs = list[list[NDArray[Any]]]
    # Answers for the runs of a TFLite file, from the state it begins with.
    Reference = Callable[[bytes, Runs], Runs]

# Memory that TFLite Micro gets; pages that it does not touch cost nothing.
_ARENA_BYTES = 1 << 29


def tflm(data: bytes, runs: Runs) -> Runs:
    """The outputs of TFLite Micro, from the package `tflite-micro`."""
    return _ask("tflm", data, runs)


def litert(data: bytes, runs: Runs) -> Runs:
    """The outputs of LiteRT, from the package `ai-edge-litert`, with its usual kernels."""
    return _ask("litert", data, runs)


REFERENCES: dict[str, Reference] = {"tflm": tflm, "litert": litert}
_PACKAGES = {"tflm": "tflite-micro", "litert": "ai-edge-litert"}


def _ask(name: str, data: bytes, runs: Runs) -> Runs:
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    child = subprocess.run(
        [sys.executable, "-m", "isokern._reference", name],
        input=pickle.dumps((data, runs)),
        capture_output=True,
        env=environment,
        check=False,
    )
    if child.returncode == 0:
        answers: Runs = pickle.loads(child.stdout)
        return answers
    said = child.stderr.decode(errors="replace").strip().splitlines()
    if any("ModuleNotFoundError" in line for line in said):
        text = f"the runtime {name} is not installed. Fix: pip install {_PACKAGES[name]}"
        raise ReferenceRunError(text)
    cause = said[-1] if said else f"it ended with {child.returncode}"
    text = f"the runtime {name} did not run the model: {cause}. Fix: compare with another reference"
    raise ReferenceRunError(text)


def _run_tflm(data: bytes, runs: Runs) -> Runs:
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(data, arena_size=_ARENA_BYTES)
    from ._tflite import Graph

    count = len(Graph(data).outputs)
    answers = []
    for inputs in runs:
        for index, array in enumerate(inputs):
            interpreter.set_input(array, index)
        interpreter.invoke()
        answers.append([interpreter.get_output(index).copy() for index in range(count)])
    return answers


def _run_litert(data: bytes, runs: Runs) -> Runs:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=data)
    interpreter.allocate_tensors()
    ports = [
        [port["index"] for port in details]
        for details in (interpreter.get_input_details(), interpreter.get_output_details())
    ]
    answers = []
    for inputs in runs:
        for index, array in zip(ports[0], inputs):
            interpreter.set_tensor(index, array)
        interpreter.invoke()
        answers.append([interpreter.get_tensor(index).copy() for index in ports[1]])
    return answers


def _main() -> None:
    data, runs = pickle.load(sys.stdin.buffer)
    # What the runtimes print is no answer.
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    run = {"tflm": _run_tflm, "litert": _run_litert}[sys.argv[1]]
    pickle.dump(run(data, runs), answer)
    answer.close()
    # Without the destructors of a runtime, which may fail after the answer.
    os._exit(0)


if __name__ == "__main__":
    _main()

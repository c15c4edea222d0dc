"""Asks TFLite Micro for the outputs of a model, in a process of its own: it ends the whole
process on some files."""

import os
import pickle
import re
import signal
import tempfile

import numpy as np
from tflite_micro.python.tflite_micro import runtime

from tflite_writer import ELEMENTS, read_model

ARENA = 1 << 20
SECONDS = 20


def ask(data, inputs):
    """The bytes of all outputs, one row a run, and no cause; or none, and why not."""
    with tempfile.TemporaryFile() as said:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.dup2(said.fileno(), 2)
                signal.alarm(SECONDS)
                answer_into(write, data, inputs)
            finally:
                os._exit(0)
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(child, 0)
        said.seek(0)
        text = said.read().decode(errors="replace")
    if os.WIFSIGNALED(status):
        return None, f"signal {os.WTERMSIG(status)}: {cause_in(text)}"
    outputs, error = pickle.loads(answer)
    return outputs, error and (cause_in(text) or error)


def answer_into(write, data, inputs):
    try:
        answer = run(data, inputs), None
    except Exception as error:  # noqa: BLE001: the other process has to hear of it
        answer = None, repr(error)
    with os.fdopen(write, "wb") as pipe:
        pipe.write(pickle.dumps(answer))


def run(data, inputs):
    """One stream through one interpreter."""
    graph = read_model(data).subgraphs[0]
    kinds = {code: kind for code, kind, _ in ELEMENTS.values()}
    ports = [(np.dtype(kinds[graph.tensors[x].type]), tuple(graph.tensors[x].shape))
             for x in graph.inputs]
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=ARENA)
    rows = []
    for row in inputs:
        offset = 0
        for position, (kind, shape) in enumerate(ports):
            count = int(np.prod(shape))
            value = np.frombuffer(row, kind, count, offset).reshape(shape)
            interpreter.set_input(value, position)
            offset += count * kind.itemsize
        interpreter.invoke()
        rows.append(b"".join(np.ascontiguousarray(interpreter.get_output(i)).tobytes()
                             for i in range(len(graph.outputs))))
    return rows


def cause_in(text):
    """The first line that says a cause, without numbers of operators and lines."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("INFO", "W0000", "I0000"))]
    return re.sub(r"\(number \d+\)|:\d+|\d+", "", " | ".join(lines[:2]))[:200]

"""Variables of a TFLite file: tensors that keep their values from run to run.

A variable with initial values gets a second graph that assigns them, and the model a
CALL_ONCE at its front.
"""

import numpy as np

from tflite_file import schema
from tflite_operators import options_of


class State:
    """The part of `Network` with state."""

    def variable(self, name, shape, scale=0.05, zero_point=-3, dtype="int8", initial=None):
        """Appends VAR_HANDLE. `initial` holds the first values as stored (an array, or one
        number for all); without it TFLite Micro starts from the zero point."""
        handle = self.handle(name, self.tensors, self.operators)
        self.variables = getattr(self, "variables", {})
        self.variables[handle] = (shape, scale, zero_point, dtype)
        if initial is not None:
            self.initial.append((name, np.broadcast_to(initial, shape), *self.variables[handle]))
        return handle

    def read(self, handle):
        """Appends READ_VARIABLE; its float batch is spread over the element type's range."""
        shape, scale, zero_point, dtype = self.variables[handle]
        raw = self.rng.integers(-128, 128, (len(self.floats[self.input]), *shape))
        raw = raw[:self.sample_count()]
        y = self.result(scale * (raw - (zero_point if dtype == "int8" else 0)),
                        f"read_{len(self.operators)}", dtype, (scale, zero_point))
        return self.emit("READ_VARIABLE", [handle], y)

    def assign(self, handle, value):
        """Appends ASSIGN_VARIABLE, which has no output."""
        return self.emit("ASSIGN_VARIABLE", [handle, value], [])

    def sample_count(self):
        shape = self.shape(self.input)
        return len(self.floats[self.input]) // (shape[0] if shape else 1)

    def handle(self, name, tensors, operators):
        """Appends VAR_HANDLE to a graph."""
        tensor = schema.TensorT()
        tensor.name, tensor.type = name.encode(), schema.TensorType.RESOURCE
        tensor.shape = np.array([], np.int32)
        tensors.append(tensor)
        options = options_of("VAR_HANDLE", container=b"", sharedName=name.encode())
        operators.append(self.loose("VAR_HANDLE", [], [len(tensors) - 1], options))
        return len(tensors) - 1

    def loose(self, name, inputs, outputs, options):
        """An operator that no graph has yet."""
        kept, self.operators = self.operators, []
        self.operator(name, inputs, outputs, options)
        (op,), self.operators = self.operators, kept
        return op

    def finish_state(self, graphs):
        """Appends the graph of the initial values, and calls it from the first one."""
        if not self.initial:
            return
        first = graphs[0]
        once = self.loose("CALL_ONCE", [], [], options_of("CALL_ONCE", initSubgraphIndex=1))
        first.operators = [once, *first.operators]
        # The second graph counts its tensors from 0 again.
        kept, operators = (self.tensors, self.floats, self.dtypes), []
        self.tensors, self.floats, self.dtypes = [], {}, {}
        for name, values, _, scale, zero_point, dtype in self.initial:
            handle = self.handle(name, self.tensors, operators)
            value = self.constant(values, dtype, scale, zero_point, f"{name}_initial")
            operators.append(self.loose("ASSIGN_VARIABLE", [handle, value], [],
                                        options_of("ASSIGN_VARIABLE")))
        graphs.append(self.graph(b"initial", self.tensors, operators, [], []))
        self.tensors, self.floats, self.dtypes = kept

"""What is in a model, as data and as tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import Any


@dataclass(frozen=True)
class Tensor:
    """An activation: where it is in the arena, and at which steps."""

    index: int
    shape: tuple[int, ...]
    dtype: str
    scale: float
    zero_point: int
    bytes: int
    region: str
    offset: int
    first_step: int
    last_step: int


@dataclass(frozen=True)
class Operator:
    """An operator of the packed model, in the order in which they run."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    weight_bytes: int
    macs: int


@dataclass(frozen=True)
class Inspection:
    """What is in a model: `Model.inspect`. `report` is all that `isokern inspect --json` prints."""

    file: str
    file_bytes: int
    blob_bytes: int
    arena_bytes: int
    weight_bytes: int
    state_bytes: int
    macs: int
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    report: dict[str, Any]

    @classmethod
    def from_json(cls, text: str) -> Inspection:
        """Reads what `isokern inspect --json` prints."""
        report = json.loads(text)
        tensors = tuple(
            Tensor(**{**_chosen(Tensor, tensor), "shape": tuple(tensor["shape"])})
            for tensor in report["tensors"]
        )
        operators = tuple(
            Operator(
                **{
                    **_chosen(Operator, operator),
                    "inputs": tuple(operator["inputs"]),
                    "outputs": tuple(operator["outputs"]),
                }
            )
            for operator in report["operators"]
        )
        sizes = _chosen(cls, report, but=("tensors", "operators", "report"))
        return cls(**sizes, tensors=tensors, operators=operators, report=report)

    def __str__(self) -> str:
        lines = [f"{label}: {value}" for label, value in self._totals()]
        lines += [
            f"{operator.index:>4}  {operator.kind:<20} {operator.macs:>12} macs"
            for operator in self.operators
        ]
        return "\n".join(lines)

    def _totals(self) -> list[tuple[str, str]]:
        return [
            ("model", self.file),
            ("operators", str(len(self.operators))),
            ("multiply-accumulates", f"{self.macs:,}"),
            ("weights", f"{self.weight_bytes:,} bytes"),
            ("arena", f"{self.arena_bytes:,} bytes"),
            ("state", f"{self.state_bytes:,} bytes"),
        ]

    def _repr_html_(self) -> str:
        """Returns tables for a notebook. Texts of the file are escaped."""
        totals = _table(["", ""], [list(row) for row in self._totals()])
        shapes = {tensor.index: tensor for tensor in self.tensors}
        operators = _table(
            ["step", "operator", "output", "multiply-accumulates", "bytes of weights"],
            [
                [
                    str(operator.index),
                    operator.kind,
                    ", ".join(_facts(shapes[index]) for index in operator.outputs),
                    f"{operator.macs:,}",
                    f"{operator.weight_bytes:,}",
                ]
                for operator in self.operators
            ],
        )
        arena = _table(
            ["tensor", "what", "bytes", "offset", "steps"],
            [
                [
                    str(tensor.index),
                    _facts(tensor),
                    f"{tensor.bytes:,}",
                    f"{tensor.region} + {tensor.offset:,}",
                    f"{tensor.first_step} to {tensor.last_step}",
                ]
                for tensor in self.tensors
            ],
        )
        return totals + operators + arena


def _chosen(kind: type[Any], report: dict[str, Any], but: tuple[str, ...] = ()) -> dict[str, Any]:
    return {name: report[name] for name in kind.__dataclass_fields__ if name not in but}


def _facts(tensor: Tensor) -> str:
    return f"{'x'.join(map(str, tensor.shape))} {tensor.dtype}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    def row(cells: list[str], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(row(cells, "td") for cells in rows)
    top = f"<thead>{row(head, 'th')}</thead>" if any(head) else ""
    return f"<table>{top}<tbody>{body}</tbody></table>"

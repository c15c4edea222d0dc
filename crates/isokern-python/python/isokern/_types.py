"""What goes into a model and what comes out, as types."""

from __future__ import annotations

from typing import Any, TypeAlias, Union

from numpy.typing import NDArray

# An array for the only input, or one for each input by name or index.
Inputs: TypeAlias = Union[
    NDArray[Any],
    dict[str, NDArray[Any]],
    dict[int, NDArray[Any]],
    dict[Union[str, int], NDArray[Any]],
]
# A dict by name for a model with several outputs: which it is, only the model knows.
_OfSeveral: TypeAlias = Any
Outputs: TypeAlias = Union[NDArray[Any], _OfSeveral]

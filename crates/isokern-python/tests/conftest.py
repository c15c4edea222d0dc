"""The committed models of the repository, for every test."""

from pathlib import Path

import isokern
import numpy as np
import pytest

MODELS = Path(__file__).resolve().parents[3] / "tests/models"


def path_of(name: str) -> Path:
    return MODELS / "models" / f"{name}.tflite"


def bytes_of(outputs: "np.ndarray | dict[str, np.ndarray]") -> bytes:
    arrays = outputs.values() if isinstance(outputs, dict) else [outputs]
    return b"".join(array.tobytes() for array in arrays)


@pytest.fixture
def digits() -> isokern.Model:
    return isokern.Model(path_of("digits"))


@pytest.fixture
def image() -> "np.ndarray":
    return np.arange(64, dtype=np.int8).reshape(1, 8, 8, 1)


@pytest.fixture
def stream() -> isokern.Model:
    """A model with state."""
    return isokern.Model(sorted((MODELS / "streams").glob("*.tflite"))[0])

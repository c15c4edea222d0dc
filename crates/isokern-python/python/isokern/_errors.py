"""Exceptions: what went wrong, and in `remedy` what to do about it."""


class Error(Exception):
    """The base of all exceptions of this package.

    The text is the program's, with the model's name; `remedy` is the part after `Fix:`.

    >>> error = Error("x.tflite: no such model. Fix: check the path")
    >>> error.remedy
    'check the path'
    """

    @property
    def remedy(self) -> str:
        """What to do; empty where nobody knows."""
        return str(self).partition("Fix: ")[2]


class ReadError(Error, OSError):
    """The system did not read a file."""


class ModelError(Error, ValueError):
    """The bytes are no model, or one that does not convert."""


class InputError(Error, ValueError):
    """What was passed is not what the model takes: a name, an index, a value."""


class DTypeError(InputError, TypeError):
    """Values are no NumPy array, or of a dtype that the input does not take."""


class ShapeError(InputError):
    """An array has another shape than the input, or inputs have different numbers of samples."""


class OrderError(InputError):
    """An array is not in C order, or its elements are not where elements of that size belong."""


class DeviceError(Error, RuntimeError):
    """A device is not there, or does not do what was asked for."""


class ModeError(Error, ValueError):
    """A mode is none, or has no such thing."""


class RunTimeoutError(Error, TimeoutError):
    """A time limit ended before the answer."""


class RunError(Error, RuntimeError):
    """A model did not run."""


class ClosedError(Error, RuntimeError):
    """A session is closed."""


class BusyError(Error, RuntimeError):
    """Another thread uses the session."""


class ForkedError(Error, RuntimeError):
    """A session with threads or a GPU was used after a fork, which leaves these behind."""


class ReferenceRunError(Error, RuntimeError):
    """A reference runtime is not installed, or did not run the model."""


class SelfTestError(Error, RuntimeError):
    """A model gives other bytes here than where it was converted."""

"""Models that answer later: a ring actor and the tasks of a megakernel, as futures.

One thread of Python's asks and collects; it sleeps while there is no question. Up to eight questions
are under way at once.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from concurrent.futures import Future
from queue import SimpleQueue
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._errors import ClosedError, ForkedError, InputError

if TYPE_CHECKING:
    from typing_extensions import Self

    from ._native import Asked
    from ._types import Inputs

_PRIORITIES = {"critical": 0, "high": 1, "normal": 2, "low": 3}

# What goes to the thread: a packed sample, its priority and limit, whether its outputs become real
# numbers, and who gets them. `None` ends it.
_Question = tuple[bytes, int, "float | None", bool, "Future[Any]"]


class _Asking:
    """What asks a model on a thread of its own."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._questions: SimpleQueue[_Question | None] = SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._owner = os.getpid()
        self._thread = threading.Thread(target=self._serve, name="isokern-asks", daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        return self._closed

    def _submit(
        self, inputs: Inputs, priority: int, timeout: float | None, dequantize: bool
    ) -> Future[Any]:
        if self._owner != os.getpid():
            text = "a fork left the session's threads behind. Fix: start it in this process"
            raise ForkedError(text)
        sample = self._asked.pack(inputs)
        future: Future[Any] = Future()
        with self._closing:
            if self._closed:
                raise ClosedError("the session is closed. Fix: start another")
            self._questions.put((sample, priority, timeout, dequantize, future))
        return future

    def _serve(self) -> None:
        waiting: deque[_Question] = deque()
        under_way: deque[tuple[bool, Future[Any]]] = deque()
        is_open = True
        while is_open or waiting or under_way:
            # Sleeps only where there is nothing to wait for.
            while is_open and (not (waiting or under_way) or not self._questions.empty()):
                question = self._questions.get()
                if question is None:
                    is_open = False
                elif question[4].set_running_or_notify_cancel():
                    waiting.append(question)
            while waiting:
                sample, priority, timeout, dequantize, future = waiting[0]
                try:
                    if not self._asked.try_ask(sample, priority, timeout):
                        break
                    under_way.append((dequantize, future))
                except Exception as error:
                    future.set_exception(error)
                waiting.popleft()
            if under_way:
                dequantize, future = under_way.popleft()
                try:
                    future.set_result(self._asked.answer(dequantize))
                except Exception as error:
                    future.set_exception(error)

    def _end(self) -> dict[str, int] | None:
        if self._owner != os.getpid():
            return None
        with self._closing:
            if self._closed:
                return None
            self._closed = True
            self._questions.put(None)
        self._thread.join()
        return self._asked.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._end()


class RingSession(_Asking):
    """A model as a resident actor that is asked through a ring: `Model.ring`.

    >>> import asyncio, isokern, numpy
    >>> image = numpy.zeros((1, 8, 8, 1), numpy.int8)
    >>> async def main():
    ...     with isokern.Model(digits_path).ring("cpu") as ring:
    ...         return await asyncio.gather(*(ring.ask(image) for _ in range(20)))
    >>> answers = asyncio.run(main())
    >>> len(answers), answers[0].shape
    (20, (1, 10))
    """

    def submit(
        self, inputs: Inputs, *, timeout: float | None = None, dequantize: bool = False
    ) -> Future[Any]:
        """Asks for the outputs of one sample, and returns a future of them. Inputs and outputs are
        those of `Session.run`; a model with state takes the samples in this order.

        Raises `InputError` and its kinds, `ClosedError`, `ForkedError`. The future raises
        `RunTimeoutError` after `timeout` seconds, and `RunError`.
        """
        return self._submit(inputs, _PRIORITIES["normal"], timeout, dequantize)

    async def ask(
        self, inputs: Inputs, *, timeout: float | None = None, dequantize: bool = False
    ) -> Any:
        """Asks as `submit` does, and waits for the outputs without blocking the event loop."""
        future = self.submit(inputs, timeout=timeout, dequantize=dequantize)
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Answers what was asked, and ends the actor. Closing it twice does nothing."""
        self._end()


class TaskSession(_Asking):
    """A model whose runs are tasks of resident workers: `Model.tasks`.

    >>> import isokern, numpy
    >>> image = numpy.zeros((1, 8, 8, 1), numpy.int8)
    >>> tasks = isokern.Model(digits_path).tasks("cpu", workers=2)
    >>> tasks.submit(image, priority="high").result().shape
    (1, 10)
    >>> tasks.close()["done"]
    1
    """

    def submit(
        self,
        inputs: Inputs,
        *,
        priority: str = "normal",
        timeout: float | None = None,
        dequantize: bool = False,
    ) -> Future[Any]:
        """Submits a run of one sample, and returns a future of its outputs. A task of a higher
        `priority` (`critical`, `high`, `normal`, `low`) overtakes others between their operators.

        Raises what `RingSession.submit` does.
        """
        if priority not in _PRIORITIES:
            text = f"there is no priority {priority!r}. Fix: pass one of {', '.join(_PRIORITIES)}"
            raise InputError(text)
        return self._submit(inputs, _PRIORITIES[priority], timeout, dequantize)

    async def ask(
        self,
        inputs: Inputs,
        *,
        priority: str = "normal",
        timeout: float | None = None,
        dequantize: bool = False,
    ) -> Any:
        """Submits as `submit` does, and waits for the outputs without blocking the event loop."""
        future = self.submit(
            inputs, priority=priority, timeout=timeout, dequantize=dequantize
        )
        return await asyncio.wrap_future(future)

    def close(self) -> dict[str, int] | None:
        """Lets the workers end what was submitted, stops them, and returns their account: tasks
        `accepted`, `done`, `faulted`, `cancelled`, how often one gave way (`yields`) and was taken
        (`claims`). `None` where it is closed already.
        """
        return self._end()

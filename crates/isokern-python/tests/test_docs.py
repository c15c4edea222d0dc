"""The examples in docstrings, and a docstring for everything public."""

import doctest
import inspect

import isokern
import pytest
from conftest import path_of

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


def public():
    """Every public name with its docstring."""
    yield "isokern", isokern.__doc__
    for name in isokern.__all__:
        item = getattr(isokern, name)
        if not (inspect.isclass(item) or callable(item)) or name == "Reference":
            continue
        yield name, item.__doc__
        if inspect.isclass(item) and not issubclass(item, Exception):
            for member in dir(item):
                if not member.startswith("_") and callable(getattr(item, member)):
                    yield f"{name}.{member}", getattr(item, member).__doc__


def test_everything_public_has_a_docstring():
    for name, text in public():
        assert text and text.strip(), name


@pytest.mark.parametrize("name, text", [(n, t) for n, t in public() if t and ">>>" in t])
def test_the_examples_do_what_they_say(name, text):
    names = {**vars(isokern), "isokern": isokern, "digits_path": str(path_of("digits"))}
    examples = doctest.DocTestParser().get_doctest(text, names, name, None, 0)
    assert examples.examples
    said = []
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    runner.run(examples, out=said.append)
    assert runner.failures == 0, "".join(said)

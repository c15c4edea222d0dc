"""Runs the code of a page and writes what it prints below it: `python page.py PAGE [--check]`.

Every block of `python` runs, in order, with the names of those before; the block of `text` that
follows one is replaced by what it printed. With `--check` nothing is written, and a page that would
change is an error.
"""

import contextlib
import io
import re
import sys
from pathlib import Path

BLOCKS = re.compile(r"```python\n(?P<code>.*?)```\n(?:\n```text\n.*?```\n)?", re.DOTALL)


def regenerated(page: str) -> str:
    """Returns the page with the output of its code."""
    names: dict[str, object] = {"__name__": "page"}

    def run(block: re.Match[str]) -> str:
        code = block["code"]
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            exec(compile(code, "page", "exec"), names)
        output = f"\n```text\n{said.getvalue()}```\n" if said.getvalue() else ""
        return f"```python\n{code}```\n{output}"

    return BLOCKS.sub(run, page)


def main() -> None:
    """Writes the page anew, or checks it."""
    path = Path(sys.argv[1])
    page = path.read_text()
    found = regenerated(page)
    if "--check" not in sys.argv[2:]:
        path.write_text(found)
    elif found != page:
        sys.exit(f"{path} is not what its code prints. Fix: run {sys.argv[0]} {path}")


if __name__ == "__main__":
    main()

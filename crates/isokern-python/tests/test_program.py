"""The program that the package puts on the command line."""

import subprocess
import sys
from pathlib import Path

import isokern
from conftest import path_of


def program(*arguments):
    command = [str(Path(sys.executable).with_name("isokern")), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_program_answers_as_the_package(digits):
    shown = program("inspect", path_of("digits"))
    assert shown.returncode == 0 and "SOFTMAX" in shown.stdout
    tested = program("selftest", path_of("digits"))
    assert tested.returncode == 0 and isokern.selftest(digits).digest in tested.stdout
    assert program("--version").stdout.startswith(f"isokern {isokern.__version__} ")


def test_the_program_has_its_exit_codes(tmp_path):
    assert program("inspect", tmp_path / "none").returncode == 3
    assert program("no-such-command").returncode == 2
    (tmp_path / "text.tflite").write_text("no model")
    refused = program("inspect", tmp_path / "text.tflite")
    assert refused.returncode == 1 and "\nfix: " in refused.stderr


def test_a_pipe_that_nobody_reads_ends_it():
    shell = f"'{Path(sys.executable).with_name('isokern')}' --help | head -1; echo ${{PIPESTATUS[0]}}"
    child = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert child.stdout.splitlines()[-1] in ("0", "141") and not child.stderr


def test_the_package_runs_as_a_module():
    command = [sys.executable, "-m", "isokern", "devices"]
    child = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert child.returncode == 0 and child.stdout.startswith("cpu ")

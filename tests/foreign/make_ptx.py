"""Compiles every `cuda/*.cu` with three of NVIDIA's compilers to `ptx/<source>.<compiler>.ptx`,
and the kernels of `../programs` with the oldest of them.

The compilers are wheels of the public package index, at the versions that `requirements.txt`
pins.  nvrtc is a library that this script calls; nvcc is a program, and needs a host compiler
(gcc) for its preprocessor.  No GPU and no driver is needed.

    python3 -m pip install -r requirements.txt
    python3 make_ptx.py           # writes the files
    python3 make_ptx.py --check   # compares them instead, and fails on a difference

`--packages DIR` takes the wheels from a folder made with `pip install --target DIR`.
"""

import argparse
import ctypes
import importlib.metadata
import os
import pathlib
import site
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
PROGRAMS = HERE.parent / "programs" / "kernels"

# Name in the file, package that names the version, library, options.
NVRTC = [
    ("nvrtc", "nvidia-cuda-nvrtc-cu11", "cuda_nvrtc/lib/libnvrtc.so.11.2", ["compute_75"]),
    ("nvrtc", "nvidia-cuda-nvrtc-cu12", "cuda_nvrtc/lib/libnvrtc.so.12", ["compute_80"]),
]
NVCC = ("nvcc", "nvidia-cuda-nvcc", "cu13", ["compute_75", "--jump-table-density=40"])


class Failure(Exception):
    """What is wrong, and what to do."""


def main():
    """Compiles, then writes or compares."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--packages", type=pathlib.Path, help="folder of the installed wheels")
    arguments = parser.parse_args()
    places = [str(arguments.packages)] if arguments.packages else site.getsitepackages()
    different = []
    for path, text in compile_all(places):
        if not arguments.check:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            different.append(path.name)
    if different:
        raise Failure(f"differ from what the compilers write: {', '.join(different)}")


def compile_all(places):
    """Yields path and text of each PTX file."""
    sources = sorted((HERE / "cuda").glob("*.cu"))
    for name, package, library, options in NVRTC:
        version = installed(package, places)
        nvrtc = load(find(f"nvidia/{library}", places))
        for source in sources:
            text = nvrtc_compile(nvrtc, source, options)
            yield HERE / "ptx" / f"{source.stem}.{name}-{version}.ptx", clean(text)
        if package == NVRTC[0][1]:
            for source in sorted(PROGRAMS.glob("*.cu")):
                text = nvrtc_compile(nvrtc, source, options)
                yield PROGRAMS / f"{source.stem}.{name}-{version}.ptx", clean(text)
    name, package, folder, options = NVCC
    version = installed(package, places)
    toolkit = find(f"nvidia/{folder}", places)
    for source in sources:
        text = nvcc_compile(toolkit, source, options)
        yield HERE / "ptx" / f"{source.stem}.{name}-{version}.ptx", clean(text)


def installed(package, places):
    """The version of a package, which must be the pinned one."""
    pins = dict(line.split("==") for line in (HERE / "requirements.txt").read_text().split())
    found = list(importlib.metadata.distributions(name=package, path=places))
    version = found[0].version if found else "none"
    if version != pins[package]:
        wanted = f"{package}=={pins[package]}"
        raise Failure(f"{wanted} is needed, found {version}. Fix: pip install {wanted}")
    return version


def find(below, places):
    """The first of `places` that has this path below it."""
    for place in places:
        path = pathlib.Path(place) / below
        if path.exists():
            return path
    raise Failure(f"no {below} in {places}. Fix: pip install -r requirements.txt")


def load(library):
    """The compiler library, with its built-in functions loaded first."""
    builtins = sorted(library.parent.glob("libnvrtc-builtins.so*"))
    ctypes.CDLL(str(builtins[0]), mode=ctypes.RTLD_GLOBAL)
    return ctypes.CDLL(str(library))


def nvrtc_compile(nvrtc, source, options):
    """PTX of one source file, by nvrtc."""
    program = ctypes.c_void_p()
    text = source.read_bytes()
    check(nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, source.name.encode(), 0, None, None))
    flags = [b"--std=c++17", b"--device-int128", b"--gpu-architecture=" + options[0].encode()]
    flags += [option.encode() for option in options[1:]]
    result = nvrtc.nvrtcCompileProgram(program, len(flags), (ctypes.c_char_p * len(flags))(*flags))
    if result != 0:
        log = fetch(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program)
        raise Failure(f"{source.name}: {log}")
    ptx = fetch(nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX, program)
    check(nvrtc.nvrtcDestroyProgram(ctypes.byref(program)))
    return ptx


def fetch(size_of, read, program):
    """A text that nvrtc hands out in two calls."""
    size = ctypes.c_size_t()
    check(size_of(program, ctypes.byref(size)))
    text = ctypes.create_string_buffer(size.value)
    check(read(program, text))
    return text.value.decode()


def check(result):
    """Raises for any result of nvrtc but success."""
    if result != 0:
        raise Failure(f"nvrtc answers with error {result}")


def nvcc_compile(toolkit, source, options):
    """PTX of one source file, by nvcc. Wheels do not keep the run bit of programs."""
    for program in [*(toolkit / "bin").iterdir(), toolkit / "nvvm" / "bin" / "cicc"]:
        if program.is_file() and not os.access(program, os.X_OK):
            program.chmod(0o755)
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out.ptx"
        command = [toolkit / "bin" / "nvcc", "-ptx", "-std=c++17", f"-arch={options[0]}"]
        command += [*options[1:], source.name, "-o", out]
        done = subprocess.run(command, cwd=source.parent, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"{source.name}: {done.stderr}")
        return out.read_text()


def clean(text):
    """The text without spaces at the ends of its lines, and with one end of line at its end."""
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip() + "\n"


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"make_ptx.py: {failure}")

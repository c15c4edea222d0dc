"""Compares wake words with TFLite Micro on speech: every output and every variable after every step.

    pip install pymicro-wakeword==2.5.0          # four models and their front end; not in the repository
    apt-get install espeak-ng                    # makes the speech
    cargo build --release -p isokern-cli
    python wake_words.py ../../target/release/isokern [--steps 10000] [--speech FILE.npy]

The speech is sentences around the wake words in several voices, with pauses and noise, from seeds.
`--speech` names a file for its features: it is written, or read where it is there.  TFLite Micro
does not show its variables: each is read from a copy of the model whose outputs are the tensors
that the model assigns.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import pymicro_wakeword
from pymicro_features import MicroFrontend
from tflite_micro.python.tflite_micro import runtime

from make_streams import of_assigned

MODELS = pathlib.Path(pymicro_wakeword.__file__).parent / "models"
ARENA = 1 << 20
RATE = 16000
ROOM = 7680                                     # bytes of arena and state that a model may take
WORDS = ["Alexa", "Hey Jarvis", "Hey Mycroft", "Okay Nabu"]
TALK = ["what is the weather today", "turn off the light in the kitchen", "the train is late again",
        "play some music", "my jar of nuts is empty", "electric cars are quiet", "nobody knows",
        "set a timer for ten minutes", "a mic was left on", "how far is the moon"]
VOICES = ["en-us", "en-gb", "en-gb-scotland", "en-us+f3", "en-gb+f5", "en-us+m7"]
MODES = [("plain", "batch"), ("auto", "batch"), ("auto", "ring")]


def said(text, voice, speed, pitch):
    """Sound of a sentence: 16 kHz, floats."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text]
    wave = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    rate, start = int.from_bytes(wave[24:28], "little"), wave.index(b"data") + 8
    sound = np.frombuffer(wave[start:len(wave) - (len(wave) - start) % 2], "<i2")
    times = np.arange(0, len(sound) / rate, 1 / RATE)
    return np.interp(times, np.arange(len(sound)) / rate, sound)


def speech(frames):
    """Features of so many frames of 10 ms."""
    rng = np.random.default_rng(70)
    frontend, features = MicroFrontend(), []
    while len(features) < frames:
        text = rng.choice(TALK)
        if rng.random() < 0.6:
            text = f"{rng.choice(WORDS)}, {text}"
        sound = said(text, rng.choice(VOICES), rng.integers(110, 220), rng.integers(20, 80))
        sound = np.concatenate([sound, np.zeros(rng.integers(RATE // 10, RATE))])
        sound = sound * rng.uniform(0.05, 1.2) + rng.normal(0, 10 ** rng.uniform(0, 3), len(sound))
        data, start = np.clip(sound, -32768, 32767).astype("<i2").tobytes(), 0
        while start + 320 <= len(data):
            output = frontend.process_samples(data[start:start + 320])
            start += 2 * output.samples_read
            if output.features:
                features.append(output.features)
    return np.array(features[:frames], np.float32)


def of_tflm(data, steps):
    """The outputs of all steps, and of each variable its bytes after each."""
    copy, count = of_assigned(data)
    interpreter = runtime.Interpreter.from_bytes(copy, arena_size=ARENA)
    kept, outputs = [[] for _ in range(count)], []
    for step in steps:
        interpreter.set_input(step, 0)
        interpreter.invoke()
        for at, variable in enumerate(kept):
            variable.append(interpreter.get_output(at).reshape(-1).view(np.uint8))
        outputs.append(interpreter.get_output(count))
    return np.array(outputs).reshape(len(steps), -1), [np.array(variable) for variable in kept]


def of_isokern(program, model, steps, instructions, mode, folder):
    """The outputs of all steps, and the state after each, which an actor does not show."""
    np.save(folder / "steps.npy", steps.reshape(len(steps), *steps.shape[2:]))
    out, states = folder / "out.npy", folder / "states.npy"
    command = [program, "run", model, "--stream", "-i", folder / "steps.npy", "-o", out,
               "--instructions", instructions, "--mode", mode, "-q"]
    shown = ["--state", states] if mode == "batch" else []
    subprocess.run(command + shown, check=True, stdout=subprocess.DEVNULL)
    return np.load(out).reshape(len(steps), -1), np.load(states) if shown else None


def first_difference(found, expected):
    """The first step at which rows differ; None where all are equal."""
    different = np.flatnonzero((found != expected).any(axis=1))
    return int(different[0]) if len(different) else None


def compare(program, path, features, count, folder):
    """Runs a model both ways, and returns a row of the table."""
    data = path.read_bytes()
    interpreter = runtime.Interpreter.from_bytes(data, arena_size=ARENA)
    port = interpreter.get_input_details(0)
    stride = port["shape"][1]
    scale, zero_point = (port["quantization_parameters"][key][0]
                         for key in ("scales", "zero_points"))
    frames = features[:count * stride].reshape(count, 1, stride, -1)
    steps = np.clip(np.round(frames / scale + zero_point), -128, 127).astype(np.int8)
    outputs, variables = of_tflm(data, steps)
    report = json.loads(subprocess.check_output([program, "inspect", path, "--json"]))
    tensors = [one for one in report["tensors"] if one["region"] == "state"]
    assert len(tensors) == len(variables), f"{len(tensors)} of {len(variables)} variables"
    for instructions, mode in MODES:
        found, states = of_isokern(program, path, steps, instructions, mode, folder)
        label = f"{path.stem}, {instructions}, {mode}"
        assert (step := first_difference(found, outputs)) is None, f"{label}: output {step}"
        if states is None:
            continue
        parts = [states[:, one["offset"]:one["offset"] + one["bytes"]] for one in tensors]
        for at, variable in enumerate(variables):
            same = [part for part in parts if part.shape == variable.shape]
            steps_of = [first_difference(part, variable) for part in same]
            assert None in steps_of, f"{label}: variable {at} differs from step {steps_of}"
    asked = json.loads(path.with_suffix(".json").read_text())["micro"]["tensor_arena_size"]
    arena, state = report["arena_bytes"], report["state_bytes"]
    assert arena + state <= ROOM, f"{path.stem} takes {arena + state} bytes"
    return (path.stem, count, len(variables), len(np.unique(outputs)), int(outputs.max()),
            arena, state, arena + state, asked)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--steps", type=int, default=10_000)
    parser.add_argument("--speech", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.speech and arguments.speech.exists():
        features = np.load(arguments.speech)
    else:
        features = speech(3 * arguments.steps)
        if arguments.speech:
            np.save(arguments.speech, features)
    print("| model | steps | variables | outputs that occur | largest | arena | state | together "
          "| `tensor_arena_size` |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(MODELS.glob("*.tflite")):
            row = compare(arguments.program.absolute(), path, features, arguments.steps,
                          pathlib.Path(folder))
            print("|", " | ".join(map(str, row)), "|", flush=True)
    print("every output and every variable is equal after every step")


if __name__ == "__main__":
    main()

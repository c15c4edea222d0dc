"""What a call from Python adds to the facade's run, measured: `python overhead.py MODEL`.

The two are measured in turns, so that the machine's changes fall on both; medians of 21 turns.
"""

import statistics
import sys
import time

import isokern


def main() -> None:
    """Prints microseconds a call: the facade alone, from Python, and the difference."""
    model = isokern.Model(sys.argv[1])
    inputs = model.random_input()
    array = inputs[0] if len(inputs) == 1 else inputs
    calls = 2000
    with model.session("cpu") as session:
        turns: dict[str, list[float]] = {"facade": [], "session.run": [], "model.run": []}
        for _ in range(21):
            turns["facade"].append(session._seconds(array, calls))
            for name, run in (("session.run", session.run), ("model.run", model.run)):
                start = time.perf_counter()
                for _ in range(calls):
                    run(array)
                turns[name].append((time.perf_counter() - start) / calls)
    facade = statistics.median(turns["facade"])
    for name, times in turns.items():
        median = statistics.median(times)
        print(f"{name:<12} {median * 1e6:8.2f} us, {(median - facade) * 1e6:+.2f} over the facade")


if __name__ == "__main__":
    main()

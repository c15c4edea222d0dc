"""Many runs from many threads: the same bytes, no growth, and a lock that is free meanwhile."""

import resource
import sys
import threading
import time

import isokern
import numpy as np

RUNS, THREADS = 100_000, 4


def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def test_a_hundred_thousand_runs_from_four_threads(digits):
    images = np.random.default_rng(4).integers(-128, 128, (64, 1, 8, 8, 1), np.int8)
    expected = [digits.run(image).tobytes() for image in images]
    wrong = []

    def work(first, count):
        for number in range(first, first + count):
            place = number % len(images)
            if digits.run(images[place]).tobytes() != expected[place]:
                wrong.append(number)

    def all_threads(count):
        threads = [
            threading.Thread(target=work, args=(17 * index, count // THREADS))
            for index in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    all_threads(RUNS // 10)
    before, blocks = resident_bytes(), sys.getallocatedblocks()
    all_threads(RUNS)
    assert not wrong
    assert resident_bytes() - before < 4 << 20
    assert sys.getallocatedblocks() - blocks < 1000


def test_errors_leave_nothing_behind(digits, image):
    wrong = image.astype(np.float64)

    def refuse(count):
        for _ in range(count):
            try:
                digits.run(wrong)
            except isokern.DTypeError:
                pass
        for _ in range(count // 100):
            with digits.session("cpu", mode="ring") as session:
                session.run(image)

    refuse(1000)
    before, blocks = resident_bytes(), sys.getallocatedblocks()
    refuse(10_000)
    assert resident_bytes() - before < 4 << 20
    assert sys.getallocatedblocks() - blocks < 1000


def test_the_lock_of_the_interpreter_is_free_while_a_model_runs(digits):
    """Another thread goes on counting, at a tenth of its speed alone at least."""
    images = np.zeros((100_000, 8, 8, 1), np.int8)
    counted, is_over = 0, False

    def count():
        nonlocal counted
        while not is_over:
            counted += 1

    def speed_while(act):
        started, start = counted, time.perf_counter()
        act()
        return (counted - started) / (time.perf_counter() - start)

    thread = threading.Thread(target=count)
    thread.start()
    alone = speed_while(lambda: time.sleep(0.5))
    during = speed_while(lambda: digits.run_batch(images))
    is_over = True
    thread.join()
    assert during > alone / 10, (during, alone)

"""hand_out.py pool|executor TASKS [CHUNK]: TASKS calls of a function that does nothing on 4 processes, each answered.

Without CHUNK the library's own choice: Pool.map cuts the list into 16 parts, ProcessPoolExecutor.map into single tasks.
"""
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor


def nothing(number):
    return number


def main():
    tasks, chunk = int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None
    if sys.argv[1] == "pool":
        with multiprocessing.Pool(4) as pool:
            pool.map(nothing, range(4), 1)  # every process is up
            begin = time.monotonic()
            answers = pool.map(nothing, range(tasks), chunk)
            seconds = time.monotonic() - begin
    else:
        with ProcessPoolExecutor(4) as pool:
            list(pool.map(nothing, range(4)))
            begin = time.monotonic()
            answers = list(pool.map(nothing, range(tasks), chunksize=chunk or 1))
            seconds = time.monotonic() - begin
    assert answers == list(range(tasks))
    print(f"tickets = {tasks}\ntps = {tasks / seconds:.0f}")


main()

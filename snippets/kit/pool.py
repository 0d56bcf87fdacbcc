"""Worker processes that outlive their tasks' mistakes.

Each worker runs one task at a time. When a task kills its process, or does not end in time, only that task
fails: the pool reports it and starts another worker.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait

CONTEXT = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork


def run(
    function: Callable[[dict], dict],
    tasks: list[dict],
    *,
    jobs: int,
    seconds: float,
    setup: Callable,
    root: str,
) -> Iterator[tuple[dict, dict | str]]:
    """Yield ``(task, result)`` as tasks end; the result is text that says why when the process was lost.

    Args:
        function: runs one task in a worker; it must be importable there.
        tasks: handed out in this order.
        jobs: how many workers.
        seconds: how long one task may take.
        setup: called once in each worker, with `root`.
    """
    waiting = list(reversed(tasks))
    workers: list[_Worker] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                workers.append(_Worker(function, setup, root))
                workers[-1].give(waiting.pop())
            soonest = min(worker.started for worker in workers) + seconds - time.monotonic()
            ready = wait([worker.results for worker in workers], timeout=max(soonest, 0.0))
            for worker in list(workers):
                if worker.results in ready:
                    task, result = worker.task, worker.take()
                elif time.monotonic() - worker.started > seconds:
                    task, result = worker.task, f"did not end within {seconds:g} seconds"
                else:
                    continue
                if isinstance(result, str):
                    worker.end()
                    workers.remove(worker)
                elif waiting:
                    worker.give(waiting.pop())
                else:
                    worker.end()
                    workers.remove(worker)
                yield task, result
    finally:
        for worker in workers:
            worker.end()


class _Worker:
    """One process and the two ends of the pipe to it."""

    def __init__(self, function: Callable, setup: Callable, root: str) -> None:
        self.results, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=_serve, args=(theirs, function, setup, root), daemon=True)
        self.process.start()
        theirs.close()  # so that the pipe reads as ended once the process is gone
        self.task: dict = {}
        self.started = 0.0

    def give(self, task: dict) -> None:
        self.task, self.started = task, time.monotonic()
        self.results.send(task)

    def take(self) -> dict | str:
        try:
            return self.results.recv()
        except (EOFError, ConnectionError):
            self.process.join(5)
            code = self.process.exitcode
            how = (
                f"was killed by signal {-code}"
                if code is not None and code < 0
                else f"ended with code {code}"
            )
            return f"its process {how}"

    def end(self) -> None:
        self.results.close()
        if self.process.is_alive():
            self.process.kill()
        self.process.join()


def _serve(tasks: Connection, function: Callable, setup: Callable, root: str) -> None:
    setup(root)
    while True:
        try:
            task = tasks.recv()
            tasks.send(function(task))
        except (EOFError, BrokenPipeError, KeyboardInterrupt):
            return  # the parent is gone or going

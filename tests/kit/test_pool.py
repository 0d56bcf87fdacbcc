import os
import signal
import time

import pytest

from snippets.kit import pool


def nothing(_: str) -> None:
    """What a worker needs before its first task here."""


def work(task: dict) -> dict:
    match task["do"]:
        case "exit":
            os._exit(3)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(60)
    return {"done": task["do"], "process": os.getpid()}


def run(*tasks: str, jobs: int = 2, seconds: float = 30) -> dict:
    listed = [{"do": task} for task in tasks]
    found = pool.run(work, listed, jobs=jobs, seconds=seconds, setup=nothing, root=".")
    return {task["do"]: result for task, result in found}


@pytest.mark.timeout(60)
def test_a_lost_process_fails_its_task_only() -> None:
    found = run("one", "exit", "two", "kill", "three")
    assert found["exit"] == "its process ended with code 3"
    assert found["kill"] == "its process was killed by signal 9"
    assert all(found[name]["done"] == name for name in ("one", "two", "three"))


@pytest.mark.timeout(60)
def test_a_task_that_does_not_end_is_stopped() -> None:
    found = run("hang", "one", jobs=1, seconds=1.5)
    assert found["hang"] == "did not end within 1.5 seconds"
    assert found["one"]["done"] == "one"


@pytest.mark.timeout(60)
def test_workers_are_used_again() -> None:
    found = run("one", "two", "three", jobs=1)
    assert len({result["process"] for result in found.values()}) == 1

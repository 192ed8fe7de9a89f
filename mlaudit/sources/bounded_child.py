"""The process in which repositories are audited one after another, each in a copy of it with bounds of its own.

`python -m mlaudit.sources.bounded_child MODULE:FUNCTION SECONDS BYTES` reads requests from standard input, a line of
JSON each, and writes an answer as a line. A copy that takes too long, or too much memory, ends; this process goes on.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module

OUT_OF_MEMORY = 77
"""The exit code of a copy that could get no more memory."""
MAX_ANSWER = 64 * 1024 * 1024
_CHUNK = 1 << 20

Work = Callable[[object], object]


def main(arguments: list[str]) -> None:
    """Answer requests until there are no more."""
    module, _, name = arguments[0].partition(":")
    seconds, memory = float(arguments[1]), int(arguments[2])
    loaded = import_module(module)
    work: Work = getattr(loaded, name)
    prepare = getattr(loaded, "prepare", None)
    if prepare is not None:
        prepare()
    answers = os.dup(1)
    # What an audit might print must not be taken for an answer.
    os.dup2(2, 1)
    for line in sys.stdin.buffer:
        answer = _forked(work, line, seconds, memory) if hasattr(os, "fork") else _answered(work, line)
        _write(answers, answer + b"\n")


def _answered(work: Work, line: bytes) -> bytes:
    try:
        return json.dumps({"value": work(json.loads(line))}).encode()
    except MemoryError:
        return json.dumps({"why": "it needs too much memory"}).encode()
    except Exception as error:
        return json.dumps({"why": f"mlaudit failed on it ({type(error).__name__}: {str(error)[:200]})"}).encode()


def _forked(work: Work, line: bytes, seconds: float, memory: int) -> bytes:
    """The answer of a copy of this process."""
    source, target = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(source)
        _work_bounded(work, line, target, seconds, memory)
    os.close(target)
    parts, size = [], 0
    while part := os.read(source, _CHUNK):
        size += len(part)
        if size > MAX_ANSWER:
            os.kill(child, signal.SIGKILL)
            break
        parts.append(part)
    os.close(source)
    _, status = os.waitpid(child, 0)
    if size > MAX_ANSWER:
        return _why(f"its result is larger than {MAX_ANSWER >> 20} MiB")
    return b"".join(parts) if status == 0 else _why(_ending(status, seconds, memory))


def _work_bounded(work: Work, line: bytes, target: int, seconds: float, memory: int) -> None:
    """In the copy: the kernel ends it when its time is over, whatever it is doing."""
    code = 1
    try:
        import resource

        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _write(target, json.dumps({"value": work(json.loads(line))}).encode())
        code = 0
    except MemoryError:
        code = OUT_OF_MEMORY
    except Exception as error:
        text = f"{type(error).__name__}: {str(error)[:200]}"
        _write(target, _why(f"mlaudit failed on it ({text})"))
        code = 0
    finally:
        os._exit(code)


def _ending(status: int, seconds: float, memory: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGALRM:
            return f"it took longer than {seconds:g} seconds"
        return f"its process was ended by signal {number}"
    if os.WEXITSTATUS(status) == OUT_OF_MEMORY:
        return f"it needed more than {memory >> 20} MiB of memory"
    return f"its process ended with exit code {os.WEXITSTATUS(status)}"


def _why(text: str) -> bytes:
    return json.dumps({"why": text}).encode()


def _write(target: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(target, rest) :]


if __name__ == "__main__":
    main(sys.argv[1:])

"""`python -m mlaudit`, and the console script: nothing is imported from the folder that they are run in."""

# No import of this module may be one that a file of the current folder could answer: `os` and `sys` are loaded when
# Python starts, `gc` is built in, `__future__` and `pathlib` are neither.
import gc
import os
import sys


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _leave_out_current_folder() -> None:
    """Take the current folder and what is below it off the import path: that is what is audited.

    `python -m` puts the current folder there, PYTHONPATH whatever it holds. Folders stay that belong to the running
    Python, or that hold this package, since these may be below the current one (`.venv`).
    """
    try:
        here = os.path.realpath(os.curdir)
    except OSError:
        # The current folder was deleted: nothing can be imported from it.
        here = os.sep
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))  # noqa: PTH120
    kept = [os.path.realpath(folder) for folder in (sys.prefix, sys.exec_prefix, sys.base_prefix)]

    def stays(path: str) -> bool:
        real = os.path.realpath(path)
        if not os.path.isabs(path) or real == here:  # noqa: PTH117
            return False
        return not _is_below(real, here) or real == package or any(_is_below(real, folder) for folder in kept)

    sys.path[:] = [path for path in sys.path if stays(path)]


_leave_out_current_folder()


def main() -> None:
    """Run the command line, and end the process without taking its values apart one by one.

    A run makes values that live to its end: looking for garbage among them, and giving each back before the process
    ends, takes a fifth of the time of a short run and more of a long one.
    """
    gc.disable()
    from mlaudit.cli.app import run

    _end_process(run(sys.argv[1:]))


def _end_process(code: int) -> None:
    """End like `sys.exit`, with what others registered for the end of the process run and all output written."""
    import atexit

    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):
            # It was closed, or nobody reads it: `run` has seen to what that means.
            continue
    os._exit(code)


if __name__ == "__main__":
    main()

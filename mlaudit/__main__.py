"""`python -m mlaudit`, and the console script: nothing is imported from the folder that they are run in."""

# No import of this module may be one that a file of the current folder could answer: `os` and `sys` are loaded when
# Python starts, `__future__` and `pathlib` are not.
import os
import sys


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _leave_out_current_folder() -> None:
    """Take the current folder and what lies below it off the import path: that is what is audited.

    `python -m` puts the current folder there, PYTHONPATH whatever it holds. Folders stay that belong to the running
    Python, or that hold this package, since these may lie below the current one (`.venv`).
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
    """Run the command line."""
    from mlaudit.cli.app import main as run

    run()


if __name__ == "__main__":
    main()

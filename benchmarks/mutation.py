"""Mutation score: how many small changes of the code some test notices.

Run it from the project's folder: `python -m benchmarks.mutation [--jobs N] [--sample N] [GROUP ...]`. `mutation.toml`
says which tests belong to which modules, and which changes alter no result, with the reason. The tests are loaded once;
each is put into a forked process, which runs those tests that reach the changed lines until one fails: first those that
noticed its neighbours, then the quick ones. A mutant that takes too long counts as noticed. Needs Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib
import os
import pickle
import random
import resource
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import coverage
import pytest
import tomli

from benchmarks.mutants import Mutant, count_mutants, mutants

MEMORY = 6 * 2**30
"""Bytes that one mutant may use."""
SLOWER = 5
"""A mutant that takes this many times the processor's time of the code as it is, and `PATIENCE` seconds more, counts as
noticed."""
PATIENCE = 10
WAITS = 20
"""So many times longer it may take by the clock: beside other work, everything does."""
EVERYWHERE = "*"

Uses = dict[tuple[str, int], set[int]]
"""The tests that reach a line of a module."""


def main() -> None:
    """Print a line per module, and each mutant that no test noticed."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--jobs", type=int, default=2, help="processes at once (default: 2)")
    arguments.add_argument("--only", default="", help="modules whose path contains this")
    arguments.add_argument("--sample", type=int, default=0, help="so many mutants of a group, at random; default: all")
    arguments.add_argument("--seed", type=int, default=0, help="of the sample (default: 0)")
    arguments.add_argument("--minutes", type=float, default=0, help="end the sample of a group then; default: never")
    groups = tomli.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    arguments.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(groups)}; default: all")
    chosen = arguments.parse_args()
    for name in chosen.groups or groups:
        group = groups[name]
        modules = sorted(str(path) for pattern in group["modules"] for path in Path().glob(pattern))
        modules = [path for path in modules if chosen.only in path]
        numbers = _sampled(modules, chosen.sample, chosen.seed)
        run = _Run(modules, chosen, numbers, {one["change"] for one in group.get("alike", ())})
        with tempfile.TemporaryDirectory() as folder:
            options = [
                "-s",
                "-o",
                "addopts=",
                "-m",
                "not slow",
                "-p",
                "no:terminal",
                "-p",
                "no:cacheprovider",
                f"--basetemp={folder}/tests",
            ]
            os.environ["PYTHONHASHSEED"] = "0"
            pytest.main([*options, "-k", group.get("choice", ""), *group["tests"]], plugins=[run])
        run.show()


def _sampled(paths: Sequence[str], size: int, seed: int) -> dict[str, set[int] | None]:
    """Which mutants of each module to try: the same for the same seed and code; None is all of them."""
    if not size:
        return dict.fromkeys(paths)
    every = [(path, at) for path in paths for at in range(count_mutants(Path(path).read_text(encoding="utf-8")))]
    print(f"{min(size, len(every))} of {len(every)} mutants, seed {seed}")
    chosen = random.Random(seed).sample(every, min(size, len(every)))
    return {path: {at for one, at in chosen if one == path} for path in paths}


class _Run:
    """A plugin of pytest that runs the tests once for each mutant."""

    def __init__(
        self,
        paths: Sequence[str],
        chosen: argparse.Namespace,
        numbers: dict[str, set[int] | None],
        alike: set[str],
    ) -> None:
        self.numbers = numbers
        self.alike = alike
        self.modules = {path: importlib.import_module(path.removesuffix(".py").replace("/", ".")) for path in paths}
        self.jobs: int = chosen.jobs
        self.seed: int = chosen.seed
        self.end = time.monotonic() + 60 * chosen.minutes if chosen.minutes else None
        self.failed = False
        self.items: list[pytest.Item] = []
        self.uses: Uses = {}
        self.seconds: dict[int, float] = {}
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.survivors: list[tuple[str, Mutant, int]] = []
        self.killers: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.running: dict[int, tuple[str, Mutant, list[int]]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        from hypothesis import settings  # Not before pytest has started: it wants to rewrite a part of it.

        settings.register_profile("mutation", settings.get_profile("mlaudit"), derandomize=True, database=None)
        settings.load_profile("mutation")
        self.items = session.items
        # Made before the children are forked, which would each make another; pytest has no public word for it.
        session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
        gc.freeze()
        self.uses, self.seconds = self._measured()
        for path, mutant in self._in_order():
            if self.end is not None and time.monotonic() > self.end:
                break
            self._begin(path, mutant)
        while self.running:
            self._end()
        return True

    def _in_order(self) -> Iterable[tuple[str, Mutant]]:
        """The mutants to try; those of a sample in an order of chance, so that any beginning of it is one, too."""
        tried = (
            (path, mutant)
            for path in self.modules
            for mutant in mutants(Path(path).read_text(encoding="utf-8"), str(Path(path).resolve()), self.numbers[path])
        )
        if None in self.numbers.values():
            return tried
        listed = list(tried)
        random.Random(self.seed).shuffle(listed)
        return listed

    def _measured(self) -> tuple[Uses, dict[int, float]]:
        """Which tests call which functions, and how long each test takes; from a process of its own."""
        with tempfile.TemporaryFile() as shared:
            pid = os.fork()
            if not pid:
                with _quiet():
                    try:
                        measured: object = self._measure()
                    except BaseException as error:
                        measured = ({}, {}, [repr(error)])
                    shared.write(pickle.dumps(measured))
                    shared.flush()
                    os._exit(0)
            os.waitpid(pid, 0)
            shared.seek(0)
            uses, seconds, failed = pickle.loads(shared.read())
        if failed:
            raise pytest.UsageError(f"tests fail without any change: {', '.join(failed)}")
        return uses, seconds

    def _measure(self) -> tuple[Uses, dict[int, float], list[str]]:
        uses: Uses = defaultdict(set)
        seconds: dict[int, float] = {}
        failed: list[str] = []
        ours = {str(Path(path).resolve()): path for path in self.modules}
        makers: set[int] = set()
        lines = coverage.Coverage(data_file=None, config_file=False, include=list(ours))
        lines.start()
        for number in range(len(self.items)):
            _forget(self.modules.values(), tables=False)
            lines.switch_context(str(number))
            made = _tables_made(self.modules.values())
            start = time.process_time()
            passed = self._passes(number)
            seconds[number] = time.process_time() - start
            if not passed:
                failed.append(self.items[number].nodeid)
            if _tables_made(self.modules.values()) > made:
                makers.add(number)
        lines.stop()
        for file, path in ours.items():
            for line, numbers in lines.get_data().contexts_by_lineno(file).items():
                uses[path, line].update(int(number) for number in numbers if number)
        _add_users_of_tables(uses, self.modules, makers)
        return dict(uses), seconds, failed

    def _passes(self, number: int) -> bool:
        self.failed = False
        self.items[number].ihook.pytest_runtest_protocol(item=self.items[number], nextitem=None)
        return not self.failed

    def _begin(self, path: str, mutant: Mutant) -> None:
        if f"{path}: {mutant.owner}: {mutant.change}" in self.alike:
            self.counts[path]["alike"] += 1
            return
        while len(self.running) >= self.jobs:
            self._end()
        reaching = self._reaching(path, mutant)
        first = self.killers[path, mutant.owner][-3:] + self.killers[path, EVERYWHERE][-3:]
        tests = [*dict.fromkeys(one for one in first if one in reaching)]
        tests += sorted(reaching.difference(tests), key=self.seconds.__getitem__)
        with contextlib.suppress(BaseException):
            putting = _putting(self.modules[path], mutant)
        pid = os.fork()
        if not pid:
            os._exit(self._tried(putting, tests))
        self.running[pid] = (path, mutant, tests)

    def _reaching(self, path: str, mutant: Mutant) -> set[int]:
        """The tests that reach the lines of a mutant; of a constant, all that reach its module."""
        return set[int]().union(
            *(
                numbers
                for (one, line), numbers in self.uses.items()
                if one == path and (mutant.is_constant or line in mutant.lines)
            )
        )

    def _tried(self, putting: Callable[[], None], tests: list[int]) -> int:
        """The exit code of a process that tries a mutant: 0 where no test fails."""
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        patience = PATIENCE + SLOWER * sum(self.seconds[one] for one in tests)
        signal.setitimer(signal.ITIMER_PROF, patience)
        signal.alarm(int(WAITS * patience))
        with _quiet():
            try:
                putting()
                _forget(_loaded())
                for position, number in enumerate(tests):
                    if not self._passes(number):
                        return 1 + min(position, 100)
            except BaseException:
                return 120
        return 0

    def _end(self) -> None:
        pid, status = os.wait()
        path, mutant, tests = self.running.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        outcome = "survived" if code == 0 else "too slow" if code in (-signal.SIGPROF, -signal.SIGALRM) else "noticed"
        self.counts[path][outcome] += 1
        if code == 0:
            self.survivors.append((path, mutant, len(tests)))
            print(f"{path}:{mutant.line}: {mutant.owner}: {mutant.change}  ({len(tests)} tests)", flush=True)
        elif 0 < code < 101:
            for key in ((path, mutant.owner), (path, EVERYWHERE)):
                self.killers[key].append(tests[code - 1])

    def show(self) -> None:
        """Print the score of each module, and of all."""
        total: Counter[str] = Counter()
        for path, counts in self.counts.items():
            print(_score(path, counts))
            total += counts
        print(_score("all", total), flush=True)


def _score(path: str, counts: Counter[str]) -> str:
    made = sum(counts.values()) - counts["alike"]
    noticed = made - counts["survived"]
    apart = f"{counts['too slow']} too slow; {counts['alike']} more alter no result"
    return f"{100 * noticed / max(made, 1):5.1f}%  {noticed} of {made} noticed ({apart})  {path}"


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with Path(os.devnull).open("w", encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 1)
        os.dup2(nothing.fileno(), 2)
        yield


def _forget(modules: Iterable[ModuleType], *, tables: bool = True) -> None:
    """Empty the caches of functions, so that nothing is left that was computed without the change.

    Args:
        tables: also those of one result, which take long to make.
    """
    for module in modules:
        for value in list(vars(module).values()):
            if hasattr(value, "cache_clear") and not isinstance(value, type) and (tables or not _is_table(value)):
                value.cache_clear()


def _is_table(value: Any) -> bool:
    return hasattr(value, "cache_parameters") and value.cache_parameters()["maxsize"] == 1


def _tables_made(modules: Iterable[ModuleType]) -> int:
    """How many tables were made by now."""
    return sum(
        value.cache_info().misses for module in modules for value in list(vars(module).values()) if _is_table(value)
    )


def _add_users_of_tables(uses: Uses, modules: Iterable[str], makers: set[int]) -> None:
    """Lines that only those tests reach that made some table may be its: all that reach the module may use it."""
    for path in modules:
        own = {place: numbers for place, numbers in uses.items() if place[0] == path}
        everyone = set().union(*own.values())
        for place, numbers in own.items():
            if numbers <= makers:
                uses[place] = everyone


def _loaded() -> list[ModuleType]:
    """The modules whose results a change may alter: all but what reads the tables of knowledge, which takes long."""
    return [
        module
        for name, module in list(sys.modules.items())
        if name.startswith("mlaudit.") and not name.startswith("mlaudit.knowledge.")
    ]


def _putting(module: ModuleType, mutant: Mutant) -> Callable[[], None]:
    """What puts a mutant into the loaded module, and everywhere its names are known."""
    if mutant.is_constant:
        return partial(_put_constant, module, mutant)
    return partial(_put_code, _function(module, mutant.owner), _code_of(mutant.code, mutant.owner.split(".")))


def _put_code(function: FunctionType, code: CodeType) -> None:
    function.__code__ = code


def _function(module: ModuleType, owner: str) -> FunctionType:
    first, *rest = owner.split(".")
    found: Any = vars(module)[first]
    for name in rest:
        found = vars(found)[name]
    # Of a property, a `cached_property`, and a class method the function is in them.
    found = next((inner for name in ("fget", "func", "__func__") if (inner := getattr(found, name, None))), found)
    while hasattr(found, "__wrapped__"):
        found = found.__wrapped__
    function: FunctionType = found
    return function


def _code_of(code: CodeType, names: Sequence[str]) -> CodeType:
    for name in names:
        code = next(one for one in code.co_consts if isinstance(one, CodeType) and one.co_name == name)
    return code


def _put_constant(module: ModuleType, mutant: Mutant) -> None:
    old = vars(module)[mutant.owner]
    names = dict(vars(module))
    exec(mutant.code, names)
    for other in list(sys.modules.values()):
        for name, value in list(vars(other).items()):
            if value is old and (other is module or not isinstance(old, int | str)):
                setattr(other, name, names[mutant.owner])


if __name__ == "__main__":
    main()

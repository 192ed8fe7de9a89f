"""Options whose value may be left out, which the framework has no word for."""

from __future__ import annotations

from collections.abc import Sequence

RESOLVE = "--resolve"
_VALUES = {"lock"}


def with_resolve_value(arguments: Sequence[str]) -> list[str]:
    """The arguments with a value at `--resolve`: `lock` where that follows it, else the usual one."""
    end = list(arguments).index("--") if "--" in arguments else len(arguments)
    words: list[str] = []
    for number, word in enumerate(arguments[:end]):
        if word == RESOLVE:
            following = arguments[number + 1] if number + 1 < end else ""
            words.append(RESOLVE if following in _VALUES else f"{RESOLVE}=audit")
        else:
            words.append(word)
    return [*words, *arguments[end:]]

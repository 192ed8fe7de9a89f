"""tox.ini: the Pythons and dependencies of tox's environments, and what their commands install."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.grammars import ini_text, waivers
from mlaudit.grammars.descriptors import merged
from mlaudit.grammars.ini_text import Option
from mlaudit.grammars.pypi import python_text
from mlaudit.grammars.pypi.requirement import leading_name
from mlaudit.grammars.shell import install_pip
from mlaudit.grammars.shell.install_command import statements
from mlaudit.grammars.shell.install_conda import install as conda_install
from mlaudit.grammars.shell.recipe import Call, Recipe
from mlaudit.grammars.shell.script_text import Script
from mlaudit.grammars.shell.shell_words import Lexer, Word
from mlaudit.model.nouns import Root, Statement
from mlaudit.parsers._registry import parser

MAX_ENVIRONMENTS = 200
"""Environments that an `envlist` may name."""
MAX_REFERENCES = 16
"""References (`{[testenv]deps}`) inside references that are followed."""

_SECTION = re.compile(rb"(?m)^\[(?:tox|testenv(?::[^\]]+)?|tox:tox)\]")
_REFERENCE = re.compile(r"\{\[([^\]]{1,128})\]([\w-]{1,64})\}")
_FACTORS = re.compile(r"(!?[\w.]+(?:[-,]!?[\w.]+|\{[\w.,-]{1,200}\})*):\s+(.*)")
_BRACES = re.compile(r"\{([^{}]{1,4096})\}")
_PYTHON_FACTOR = re.compile(r"py(?:thon)?(\d)\.?(\d{1,2})|(\d)\.(\d{1,2})")
_KNOWN = {"toxinidir": ".", "tox_root": ".", "/": "/"}
_WITH_DEFAULT = re.compile(r"\{(?:env:(\w{1,128})|posargs):([^{}]{0,512})\}")
_SUBSTITUTION = re.compile(r"\{(toxinidir|tox_root|/)\}")


def _looks_like_it(doc: Document) -> bool:
    return _SECTION.search(doc.head) is not None


@parser(kind="aside", files=["tox.ini"], content=_looks_like_it)
def read(doc: Document) -> Iterator[Statement]:
    """Every environment of `env_list` and of the sections is a root; factors choose lines as tox does."""
    yield from waivers.in_comments(doc)
    found: dict[str, dict[str, Option]] = {}
    for option in ini_text.options(doc):
        if isinstance(option, Option):
            found.setdefault(option.section, {})[option.key.replace("_", "").lower()] = option
        else:
            yield option
    if not found:
        return
    core = found.get("tox", found.get("tox:tox", {}))
    recipe = Recipe(doc, groups=("tox",), values=doc.defines)
    for line in core["requires"].lines if "requires" in core else ():
        yield from _dependency(recipe, line)
    named = _environments(core.get("envlist"))
    sections = [section.partition(":")[2] for section in found if section.startswith("testenv:")]
    if len(named) > MAX_ENVIRONMENTS:
        yield doc.unread(f"more than {MAX_ENVIRONMENTS} environments are not read", doc.place(1, 1))
    names = dict.fromkeys(
        [*named[:MAX_ENVIRONMENTS], *(one for section in sections for one in _expanded(section))] or ["testenv"]
    )
    yield from merged(statement for name in names for statement in _environment(doc, found, name))


def _environments(listed: Option | None) -> list[str]:
    text = listed.text if listed else ""
    names = [name for part in re.split(r",(?![^{}]*\})|\n", text) for name in _expanded(part.strip())]
    return [name for name in names if name]


def _expanded(text: str) -> list[str]:
    """`py{310,311}-{a,b}` is four names."""
    names = [""]
    position = 0
    for braces in _BRACES.finditer(text[:8192]):
        names = [name + text[position : braces.start()] for name in names]
        names = [name + part.strip() for name in names for part in braces.group(1).split(",")][: MAX_ENVIRONMENTS + 1]
        position = braces.end()
    return [name + text[position:] for name in names]


def _environment(doc: Document, found: Mapping[str, Mapping[str, Option]], name: str) -> Iterator[Statement]:
    base = found.get("testenv", {})
    own = next((found[section] for section in found if name in _expanded(section.partition(":")[2])), {})
    options = {**base, **own}
    first = next(iter(options.values()), None)
    yield Root(name=name, kind="environment", at=first.lines[0].whole if first and first.lines else doc.place(1, 1))
    recipe = Recipe(doc, parts=(name,), values=doc.defines)
    yield from _python(recipe, name, options)
    factors = frozenset(name.split("-"))
    recipe.step += 1
    for line in _chosen(found, options.get("condadeps"), factors):
        yield from conda_install(Call(script=line, recipe=recipe, words=(_whole(line),)))
    recipe.step += 1
    for line in _chosen(found, options.get("deps"), factors):
        yield from _dependency(recipe, line)
    for key in ("commandspre", "commands"):
        for line in _chosen(found, options.get(key), factors):
            yield from statements(line, recipe)


def _python(recipe: Recipe, name: str, options: Mapping[str, Option]) -> Iterator[Statement]:
    """`base_python`, else the factor that names a version (`py310`)."""
    option = options.get("basepython")
    if option and option.lines:
        line = option.lines[0]
        if re.search(r"\d\.?\d", line.text):
            yield python_text.statement(recipe.doc, line.text.split(",")[0], line.whole, parts=recipe.parts)
        return
    for factor in name.split("-"):
        version = _PYTHON_FACTOR.fullmatch(factor)
        if version:
            text = ".".join(part for part in version.groups() if part)
            at = next((one.lines[0].whole for one in options.values() if one.lines), recipe.doc.place(1, 1))
            yield python_text.statement(recipe.doc, text, at, parts=recipe.parts, derived_from=at)


def _chosen(
    found: Mapping[str, Mapping[str, Option]], option: Option | None, factors: frozenset[str], level: int = 0
) -> Iterator[Script]:
    """The lines of an option that hold for some factors, references to other sections followed."""
    for line in option.lines if option else ():
        conditional = _FACTORS.fullmatch(line.text)
        if conditional:
            if not _holds(conditional.group(1), factors):
                continue
            line = line.cut(conditional.start(2), len(line.text))
        reference = _REFERENCE.fullmatch(line.text.strip())
        if reference is None:
            yield line
        elif level < MAX_REFERENCES:
            key = reference.group(2).replace("_", "").lower()
            yield from _chosen(found, found.get(reference.group(1), {}).get(key), factors, level + 1)


def _holds(condition: str, factors: frozenset[str]) -> bool:
    """`py310-torch,!gpu`: factors joined by `-` all, alternatives by `,` any; `!` is not."""
    alternatives = [one for part in re.split(r",(?![^{}]*\})", condition) for one in _expanded(part)]
    return any(
        all((factor[1:] not in factors) if factor.startswith("!") else factor in factors for factor in one.split("-"))
        for one in alternatives
    )


def _whole(line: Script) -> Word:
    return Word(text=line.text, start=0, end=len(line.text))


def _dependency(recipe: Recipe, line: Script) -> Iterator[Statement]:
    """One line of `deps`: a requirement, or an option of pip; `{toxinidir}` is the folder of the file."""
    text = _SUBSTITUTION.sub(lambda known: _KNOWN[known.group(1)], line.text)
    text = _WITH_DEFAULT.sub(lambda found: recipe.values.get(found.group(1) or "", found.group(2)), text)
    script = line if text == line.text else Script(line.doc, text, (), line.whole)
    words = [_whole(script)]
    if text.startswith("-"):
        words = [token for token in Lexer(text, {}, shell=False).tokens() if isinstance(token, Word)]
    call = Call(script=script, recipe=recipe, words=tuple(words))
    if re.search(r"\{(?:posargs|env:|\[)", text):
        name = leading_name(text)
        why = "a substitution of tox in it has no value here"
        yield recipe.doc.unread(why, line.whole, what=text, package=name or None, template=True)
    else:
        yield from install_pip.install(call)

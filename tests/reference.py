"""The pages of the documentation that are made of live objects: rules, configuration, JSON, command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from mlaudit.cli.app import command_modules
from mlaudit.knowledge.kinds import artifact_kinds
from mlaudit.lab.release_coverage import coverage, unknown_projects
from mlaudit.reporters._rule_text import markdown, title
from mlaudit.rules._registry import Rule, rules

ROOT = Path(__file__).parent.parent
COMMANDS = tuple(sorted(command_modules()))
FAMILIES = {
    "MLA0": "Alignment",
    "MLA1": "From training to serving",
    "MLA2": "Inside one environment",
    "MLA3": "Platform",
    "MLA4": "Model artifacts",
    "MLA5": "Hygiene",
    "MLA6": "Shared things beside packages",
    "MLA9": "The audit itself",
}

Schema = Mapping[str, Any]


def rules_page() -> str:
    """A table of all rules, then the documentation of each."""
    parts = ["# Rules", "", "The same as `mlaudit explain CODE` prints.", ""]
    known = list(rules().values())
    for family, name in FAMILIES.items():
        parts += [f"**{name}**", "", "| code | name | severity | |", "|---|---|---|---|"]
        parts += [_row(rule) for rule in known if rule.code.startswith(family)]
        parts.append("")
    for rule in known:
        parts += [f"## {rule.code} {rule.name}", "", _documentation(rule)]
    return "\n".join(parts).rstrip() + "\n"


def _row(rule: Rule) -> str:
    return f"| [{rule.code}](#{rule.code.lower()}-{rule.name}) | {rule.name} | {rule.severity.value} | {title(rule)} |"


def _documentation(rule: Rule) -> str:
    replaced = f" It replaces {', '.join(rule.supersedes)} on the same package." if rule.supersedes else ""
    about = f"*{rule.severity.value.capitalize()} by default, since {rule.since}.{replaced}*"
    return f"{about}\n\n{markdown(rule).replace('## ', '### ')}"


def schema(name: str) -> Schema:
    """A published schema."""
    text = resources.files("mlaudit").joinpath(f"schemas/{name}.json").read_text(encoding="utf-8")
    loaded: Schema = json.loads(text)
    return loaded


def configuration_page() -> str:
    """Every key of the configuration, from its schema."""
    whole = schema("configuration")
    head = [
        "# Configuration",
        "",
        f"{whole['description']} The schema for editors is `mlaudit/schemas/configuration.json`.",
        "",
    ]
    return "\n".join([*head, *_table(whole)]) + "\n"


def json_page() -> str:
    """Every key of the JSON that is written, from the schemas."""
    parts = ["# JSON", "", "Keys may be added; within `/1` none is renamed or dropped.", ""]
    others = {path.stem for path in (ROOT / "mlaudit" / "schemas").glob("*-1.json")} - {"report-1", "list-1"}
    for name in ("report-1", "list-1", *sorted(others)):
        whole = schema(name)
        parts += [f"## {whole['title']}", "", whole["description"], ""]
        parts += [f"The schema is `mlaudit/schemas/{name}.json`.", "", *_table(whole), ""]
    return "\n".join(parts).rstrip() + "\n"


def _table(whole: Schema) -> Iterator[str]:
    yield from ("| key | is | |", "|---|---|---|")
    for path, node, required in _keys(whole, whole, ""):
        about = node.get("description", "")
        yield f"| `{path}` | {_type(whole, node)}{', required' if required else ''} | {about} |".replace("  |", " |")


def _resolved(whole: Schema, node: Schema) -> Schema:
    if "$ref" not in node:
        return node
    target: Schema = whole["$defs"][node["$ref"].rpartition("/")[2]]
    return {**target, **{key: value for key, value in node.items() if key != "$ref"}}


def _keys(whole: Schema, node: Schema, prefix: str) -> Iterator[tuple[str, Schema, bool]]:
    """Every key below a node, depth first, with whether it must be there."""
    required = node.get("required", ())
    for name, raw in node.get("properties", {}).items():
        found = _resolved(whole, raw)
        path = f"{prefix}{name}"
        yield path, found, name in required
        yield from _inside(whole, found, path)


def _inside(whole: Schema, node: Schema, path: str) -> Iterator[tuple[str, Schema, bool]]:
    for choice in (node, *(_resolved(whole, one) for one in node.get("anyOf", ()))):
        yield from _keys(whole, choice, f"{path}.")
        extra, items = choice.get("additionalProperties"), choice.get("items")
        if isinstance(extra, dict):
            yield from _keys(whole, _resolved(whole, extra), f"{path}.NAME.")
        if isinstance(items, dict):
            yield from _keys(whole, _resolved(whole, items), f"{path}[].")


def _type(whole: Schema, node: Schema) -> str:
    if "const" in node:
        return f"`{node['const'] if isinstance(node['const'], str) else json.dumps(node['const'])}`"
    if "enum" in node:
        return ", ".join(f"`{'null' if value is None else value}`" for value in node["enum"])
    choices = [one for one in node.get("anyOf", ()) if "required" not in one]
    if choices:
        return " or ".join(_type(whole, _resolved(whole, one)) for one in choices)
    kind = node.get("type", "any")
    if kind == "array":
        return f"list of {_type(whole, _resolved(whole, node.get('items', {})))}"
    if isinstance(kind, list):
        return " or ".join(kind)
    return str({"object": "table", "any": "value"}.get(kind, kind))


def cli_page() -> str:
    """What `--help` of every command prints."""
    parts = ["# Command line", ""]
    for command in ((), *((name,) for name in COMMANDS)):
        parts += [f"## {' '.join(('mlaudit', *command))}", "", "```text", _help(*command).rstrip(), "```", ""]
    return "\n".join(parts).rstrip() + "\n"


def _help(*command: str) -> str:
    dropped = ("CI", "NO_COLOR", "GITHUB_ACTIONS", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    done = subprocess.run(
        [sys.executable, "-m", "mlaudit", *command, "--help"],
        env={**kept, "COLUMNS": "80", "TERMINAL_WIDTH": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.replace("Usage: python -m mlaudit", "Usage: mlaudit")


def kinds_page() -> str:
    """Every kind of artifact, with the package that owns it and what it contains."""
    head = [
        "# Kinds of artifacts",
        "",
        "How a model is saved decides what a difference of versions breaks. A model file, or the code that saves it,",
        "usually says how. If neither does, name it: `artifact-kinds` in the configuration, or `artifact_kinds` of the",
        "guard.",
        "",
        "| kind | what it is | package | contains |",
        "|---|---|---|---|",
    ]
    rows = [
        f"| `{one.name}` | {one.title} | {one.package} | {', '.join(one.holds)} |" for one in artifact_kinds().values()
    ]
    return "\n".join([*head, *rows]) + "\n"


def releases_page() -> str:
    """What the index of releases knows of each package, and what it does not."""
    head = [
        "# Releases that are known",
        "",
        "What a release requires, on which Pythons it runs and which wheels it has is known of the packages below",
        "without the network; `mlaudit explain NAME` says it of one. The table is what",
        "`python -m mlaudit.lab.refresh coverage` prints:",
        "",
        "- METADATA: releases whose requirements were read out of the METADATA of a wheel, that for Linux x86_64 and",
        "  the newest Python (of onnxruntime, the oldest).",
        "- tag's source: releases whose requirements are in the source tree at their tag, or in the file that the",
        "  build reads there, without being computed.",
        "- neighbours: releases of which only that is known which the releases before and after them, read out of",
        "  METADATA, require alike.",
        "- files: releases whose days, `Requires-Python` and wheels are those of the package index's list of files.",
        "- all until: the day up to which no final release is missing.",
        "",
    ]
    unknown = " and ".join(unknown_projects())
    tail = [
        "",
        "What is in none of the first three columns is asked for nothing, unless `knowledge/demands.toml` has a range.",
        "Not known are wheels that only other indexes have, what builds with a local version (`+cu124`) require on",
        "some machines only, yanked releases, development versions, and all pre-releases but the newest of projects",
        "that have final releases.",
        *([f"Of {unknown}, nothing is known."] if unknown else []),
    ]
    return "\n".join([*head, *coverage(), *tail]) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "reference/rules.md": rules_page,
    "reference/configuration.md": configuration_page,
    "reference/json.md": json_page,
    "reference/cli.md": cli_page,
    "reference/kinds.md": kinds_page,
    "reference/releases.md": releases_page,
}
"""Generated pages below `docs/`."""

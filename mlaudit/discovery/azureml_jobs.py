"""What runs in an environment of Azure ML: the jobs, components and deployments of the tree that name it.

https://learn.microsoft.com/en-us/azure/machine-learning/reference-yaml-overview
"""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind
from mlaudit.discovery.pipeline_runs import option_settings
from mlaudit.discovery.recipes import AuditedTree, ImageRun, RecipePart, RegisteredModel, RunCommand
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass, replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place
from mlaudit.model.observation import Observation

FORMAT = "azureml"
MAX_JOBS = 500
"""Jobs and deployments of one tree that are looked at."""

_ASSET = lazy_pattern(r"azureml:([\w.-]{1,200}?)(?:@[\w-]{1,60}|:[\w.-]{1,60})?")
_INPUT = lazy_pattern(r"\$\{\{\s{0,8}inputs\.(\w{1,100})\s{0,8}\}\}")
_EXPRESSION = lazy_pattern(r"\$\{\{[^}]{0,200}\}\}")
_SERVER = "azmlinfsrv"
"""The inference server of Azure ML, which runs the scoring script of a deployment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _AzureJob:
    """One job or deployment: the environment that it names, what it runs there and which model it is given."""

    environment: str
    at: Place
    running: tuple[RunCommand, ...]
    settings: tuple[tuple[str, str], ...]
    models: tuple[RegisteredModel, ...]


def with_azureml_jobs(parts: Sequence[RecipePart], tree: AuditedTree) -> list[RecipePart]:
    """Parts of recipes, environments of Azure ML with what runs in them."""
    paths = dict.fromkeys(recipe_part.path for recipe_part in parts if recipe_part.format == FORMAT)
    named: dict[str, str] = {}
    jobs: list[_AzureJob] = []
    of_paths: dict[str, list[_AzureJob]] = {}
    for path in paths:
        document = tree.document(path)
        # The parser of the format shows what is wrong with a document that cannot be read.
        with document_budget(), suppress(Unreadable, Malformed, BudgetExceeded):
            if document is not None and len(jobs) < MAX_JOBS:
                named.update({path: name} if (name := _name(document.yaml)) is not None else {})
                of_paths[path] = list(_jobs(path, document))
                jobs += of_paths[path]
    return [
        _with_jobs(
            recipe_part, [job for job in jobs if job.environment in (recipe_part.path, named.get(recipe_part.path))]
        )
        for recipe_part in parts
        if not _only_runs(recipe_part, of_paths.get(recipe_part.path, ()), {*paths, *named.values()})
    ]


def _only_runs(part: RecipePart, jobs: Sequence[_AzureJob], known: Collection[str]) -> bool:
    """Whether a document states nothing but what runs in environments of the tree, which have it."""
    is_empty = part.format == FORMAT and not (part.states or part.installs or part.unresolved)
    return is_empty and bool(jobs) and all(job.environment in known for job in jobs)


def _with_jobs(part: RecipePart, jobs: Sequence[_AzureJob]) -> RecipePart:
    if part.format != FORMAT:
        return part
    running = tuple(dict.fromkeys(command for job in jobs for command in job.running))
    return replace(
        part,
        commands=(*part.commands, *running),
        runs=tuple(ImageRun(at=job.at, settings=job.settings) for job in jobs if job.settings),
        models=tuple(dict.fromkeys(model for job in jobs for model in job.models)),
        evidence=(
            *part.evidence,
            *(Observation(at=command.at, says=f"runs {command.shown}") for command in running[:3]),
        ),
    )


def _name(root: Node) -> str | None:
    """How jobs name the environment that a document is; None if it is something else."""
    is_environment = root.is_table and any(root.get(key).exists for key in ("image", "conda_file", "build"))
    name = root.get("name").maybe_text() if is_environment else None
    return f"azureml:{name}" if name else None


def _jobs(path: str, document: Document) -> Iterator[_AzureJob]:
    root = document.yaml
    waiting = [root]
    shared = _environment(path, _shared(root))
    for node in waiting:  # It grows meanwhile; how many values a document has is limited where it is parsed.
        wanted = _environment(path, node.get("environment")) or (shared if node.get("command").is_text else None)
        if wanted:
            yield _job(path, document, node, wanted)
        waiting += [value for _, value in node.items() if value.is_table]


def _shared(root: Node) -> Node:
    """The environment of all steps of a pipeline that name none."""
    settings = root.get("settings")
    return settings.get("environment") if settings.is_table else Node(None)


def _environment(path: str, named: Node) -> str | None:
    """`azureml:NAME` without its version, or the document of the tree that describes it; None if neither."""
    if named.is_table:
        return path
    if not named.is_text:
        return None
    asset = _ASSET.fullmatch(named.text())
    if asset is not None:
        return f"azureml:{asset[1]}"
    stated = posixpath.normpath(posixpath.join(posixpath.dirname(path), named.text().removeprefix("file:")))
    return stated if stated.endswith((".yml", ".yaml")) else None


def _job(path: str, document: Document, node: Node, environment: str) -> _AzureJob:
    code = node.get("code_configuration")
    folder = _folder(path, code if code.is_table else node)
    running: list[RunCommand] = []
    inputs = _inputs(node.get("inputs"))
    script = code.get("scoring_script") if code.is_table else Node(None)
    if script.is_text:
        words = (_SERVER, "--entry_script", script.text())
        running.append(RunCommand(words=words, at=document.at(*script.route), folder=folder))
    command = node.get("command")
    if command.is_text:
        filled = _INPUT.sub(lambda match: inputs.get(match[1], "VALUE"), command.text())
        at = document.at(*command.route)
        started = commands(_EXPRESSION.sub("VALUE", filled), {})
        running += [
            RunCommand(words=tuple(word.text for word in command.words), at=at, folder=folder) for command in started
        ]
    model = node.get("model")
    asset = _ASSET.fullmatch(model.text()) if model.is_text else None
    return _AzureJob(
        environment=environment,
        at=document.at(*node.route),
        running=tuple(running),
        settings=tuple(pair for run_command in running for pair in option_settings(run_command.words)),
        models=(RegisteredModel(name=asset[1], at=document.at(*model.route)),) if asset is not None else (),
    )


def _folder(path: str, node: Node) -> str:
    """The folder of the tree that is sent as code; that of the document where none is."""
    code = node.get("code")
    stated = (code.get("local_path") if code.is_table else code).maybe_text()
    inner = [stated] if stated and ":" not in stated else []
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), *inner))


def _inputs(node: Node) -> Mapping[str, str]:
    """Inputs that are stated as plain values, or have a default."""
    inputs: dict[str, str] = {}
    for name, value in node.items() if node.is_table else ():
        stated = value.get("default") if value.is_table else value
        text = stated.text() if stated.is_text else ""
        if text and "$" not in text and " " not in text:
            inputs[name] = text
    return inputs


def registered_uses(part: RecipePart) -> Iterator[ArtifactUse]:
    """The registered models that deployments load in an environment; the registry of Azure ML is one of MLflow, too."""
    for model in part.models:
        names = tuple(
            ArtifactName(kind=NameKind.REGISTRY, pieces=(model.name,), scope=scope, at=model.at)
            for scope in ("azureml", "mlflow")
        )
        yield ArtifactUse(at=model.at, direction=Direction.READS, form="bytes", call="model", names=names)

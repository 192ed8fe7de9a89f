"""The environments of Ray Serve's applications: what each runtime environment states, and the code that is served."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.discovery.job_parts import job_parts
from mlaudit.discovery.recipes import AuditedTree, RecipePart, RunCommand, StatedDocument
from mlaudit.document.budget import BudgetExceeded, document_budget
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.manifests import Manifests
from mlaudit.grammars.ray_applications import configurations, inner_yaml, named_applications
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.observation import Observation


def application_parts(path: str, document: StatedDocument, tree: AuditedTree) -> Iterator[RecipePart]:
    """One part for each application, with the command that serves the code which it names."""
    opened = tree.document(path)
    served = dict(_served(opened)) if opened is not None else {}
    for part in job_parts(path, document, tree):
        command = served.get(part.name)
        if command is None:
            yield part
            continue
        shown = Observation(at=command.at, says=f"serves {command.words[-1]}")
        yield replace(part, commands=(command,), evidence=(*part.evidence, shown))


def _served(document: Document) -> Iterator[tuple[str, RunCommand]]:
    """The command by which Ray would be asked to serve each application, by the application's name."""
    with document_budget():
        try:
            manifests = Manifests(document)
            for table in manifests.tables():
                for configuration in (table, *map(inner_yaml, configurations(table))):
                    yield from _of_configuration(manifests, configuration)
        except (Unreadable, Malformed, BudgetExceeded, ValueError):
            # The parser of the format shows what is wrong with it.
            return


def _of_configuration(manifests: Manifests, configuration: Node) -> Iterator[tuple[str, RunCommand]]:
    for name, application in named_applications(configuration):
        module = application.get("import_path")
        if module.is_text:
            yield name, RunCommand(words=("serve", "run", module.text()), at=manifests.at(module))

"""What the code of readers shows of the models of an audit: names, states and calls of pickles, and configurations."""

from __future__ import annotations

from collections.abc import Sequence

from mlaudit.environments.artifact_files import ArtifactFiles
from mlaudit.model.report import Environment
from mlaudit.request.options import Options
from mlaudit.sources.working_tree import WorkingTree


def with_code_evidence(environments: Sequence[Environment], options: Options) -> list[Environment]:
    """The environments, those whose code is available with what it lacks, or refuses, of the models that they load."""
    files = ArtifactFiles(WorkingTree(options.root, tree=options.tree), options.opened)
    judged = list(environments)
    if any(environment.names_code for environment in judged):
        from mlaudit.environments.missing_names import with_missing_names

        judged = with_missing_names(judged, files, options)
    if any(environment.kinds_at_hand for environment in judged):
        from mlaudit.environments.refused_configurations import with_refused_configurations

        judged = with_refused_configurations(judged, files, options)
    return judged

"""The configuration of a model asks for what the code of its reader refuses."""

from __future__ import annotations

from collections.abc import Iterator

from mlaudit.comparison.scene import View
from mlaudit.model.nouns import Role, Severity
from mlaudit.model.refused_configurations import RefusedConfiguration
from mlaudit.model.report import Environment, Hit, Location
from mlaudit.rules._consequences import measured_harmless, refused_words
from mlaudit.rules._registry import environment_rule


@environment_rule(
    "MLA413",
    Severity.ERROR,
    since="0.2",
    title="the configuration of a model is refused",
    fact="artifact-configuration",
    where="refused_configurations",
)
def check(environment: Environment, view: View) -> Iterator[Hit]:
    """The configuration of a model asks for what the code of its reader refuses.

    What it does:
        Compares configurations with the code of the environment that loads them: the keys of `adapter_config.json`, of
        the modules of a sentence-transformers folder and of the layers in `.keras` and HDF5 files with the constructors
        that receive them, through `**kwargs`; the model type of `config.json`, the classes of `model_index.json` and
        `modules.json`, the loader modules of `MLmodel`, and the functions that `config.cfg` names in spaCy's registry,
        with what the packages define. A constructor that drops unknown arguments refuses nothing.

    Why:
        A configuration is a call written as data. A newer release of the writer adds a key or a class, and the reader
        ends with TypeError or ValueError before a single weight is read.

    Example:
        PEFT 0.15 writes `corda_config` into `adapter_config.json`; `LoraConfig` of 0.13 takes no such argument.

    Fix:
        Install the writer's release in the reader, or write the configuration again with the reader's.

    References:
        https://huggingface.co/docs/peft/developer_guides/checkpoint
    """
    for configuration in environment.refused_configurations:
        yield _hit(configuration, environment, view)


def _hit(configuration: RefusedConfiguration, environment: Environment, view: View) -> Hit:
    measured = measured_harmless(view, configuration.writer, environment.name, configuration.package)
    return Hit(
        package=configuration.package,
        environments=tuple(dict.fromkeys((configuration.writer, environment.name))),
        message=(f"{configuration.artifact.path}: {refused_words(configuration, environment.name)}, so loading fails."),
        at=configuration.artifact,
        says="",
        related=(Location(configuration.searched, Role.FILE),),
        severity=Severity.INFO if measured is not None else None,
        details=(f"loads were measured, which takes precedence: {measured.says}",) if measured is not None else (),
        values=(configuration.refusal.value, configuration.what, *configuration.values),
    )

"""Limits of discovery: as much as a limit is looked at, and no more."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from mlaudit.code.nouns import ArtifactName, ArtifactUse, Direction, NameKind, Sameness
from mlaudit.code.repository import read_program
from mlaudit.discovery.azureml_jobs import with_azureml_jobs
from mlaudit.discovery.candidates import Candidate
from mlaudit.discovery.code_joining import _content
from mlaudit.discovery.code_scopes import CodeScope
from mlaudit.discovery.compose_services import compose_runs
from mlaudit.discovery.copied_code import _parted, find_parted_code
from mlaudit.discovery.crossing_artifacts import hand_over
from mlaudit.discovery.environments import DiscoveredEnvironment, Discovery, Pair, discover, no_roots
from mlaudit.discovery.exchanges import exchanges_of
from mlaudit.discovery.groups import DocumentGroup
from mlaudit.discovery.handovers import Handover
from mlaudit.discovery.init_file import render
from mlaudit.discovery.loaded_models import loaded_models, models_by_name
from mlaudit.discovery.model_server_uses import triton_models
from mlaudit.discovery.pipeline_runs import _listed
from mlaudit.discovery.reader_code import reader_code
from mlaudit.discovery.recipes import AuditedTree, ImageRun, RecipePart, RunCommand, _with_included
from mlaudit.discovery.registered_names import _mentions
from mlaudit.discovery.role_signs import PACKAGES, signs_of_packages
from mlaudit.discovery.service_commands import with_executed
from mlaudit.discovery.survey import _recipes, recipe_parts, survey_with_code
from mlaudit.discovery.task_commands import commands_behind
from mlaudit.discovery.task_parts import commands_of_tasks, task_parts
from mlaudit.discovery.variable_files import variables_of
from mlaudit.document.document import Document
from mlaudit.grammars.shell.make_targets import targets
from mlaudit.knowledge.roles import words
from mlaudit.model.errors import Unreadable
from mlaudit.model.nouns import Place
from mlaudit.model.observation import Observation
from mlaudit.model.pairs import CrossingArtifact
from mlaudit.sources.working_tree import WorkingTree
from tests.checkout import write

AT = Place(path="a.py", line=1)


def tree(folder: Path, files: dict[str, str]) -> AuditedTree:
    write(folder, files)
    return AuditedTree(folder=folder, root=WorkingTree(folder), paths=dict.fromkeys(files))


def parts(folder: Path, files: dict[str, str]) -> list[RecipePart]:
    return recipe_parts(tree(folder, files), list(files))


def stages(folder: Path, number: int) -> int:
    text = "stages:\n" + "".join(f"  s{at}: {{cmd: python {at}.py}}\n" for at in range(number))
    return len(commands_behind(["dvc", "repro"], "", tree(folder, {"dvc.yaml": text})))


def entry_points(folder: Path, number: int) -> int:
    text = "entry_points:\n" + "".join(f"  s{at}: {{command: python {at}.py}}\n" for at in range(number))
    return len(commands_behind(["mlflow", "run", "."], "", tree(folder, {"MLproject": text})))


def scripts(folder: Path, number: int) -> int:
    text = "pip install -r requirements.txt\npython train.py\n"
    files = {f"{at}.sh": text for at in range(number)}
    return len(list(task_parts(tree(folder, {**files, "requirements.txt": ""}))))


def scripts_with_containers(folder: Path, number: int) -> int:
    return len(list(commands_of_tasks(tree(folder, {f"{at}.sh": "docker exec a b\n" for at in range(number)}))))


def lines_of_a_target(folder: Path, number: int) -> int:
    return len(targets("a:\n" + "\techo\n" * number)["a"])


def targets_that_a_target_needs(folder: Path, number: int) -> int:
    rules = "".join(f"t{at}: t{at + 1}\n" for at in range(number - 1))
    return sum(line.text == "echo" for line in targets(f"{rules}t{number - 1}:\n\techo\n")["t0"]) * number


def variables(folder: Path, number: int) -> int:
    return len(list(variables_of(Document(".env", b"".join(b"A%d=1\n" % at for at in range(number))))))


def executed(folder: Path, number: int) -> int:
    run = ImageRun(dockerfile="", target="", name="a", at=AT)
    (given,) = with_executed([run], tree(folder, {"a.sh": "docker compose exec a ls\n" * number}))
    return len(given.executed)


def words_of_a_list(folder: Path, number: int) -> int:
    return len(_listed({"cmds": ast.List([ast.Constant("x")] * number)}, ("command", "cmds"), {}))


def words_of_a_text(folder: Path, number: int) -> int:
    return len(_listed({"command": ast.Constant("x " * number)}, ("command", "cmds"), {}))


def included(folder: Path, number: int) -> int:
    return len(list(_with_included([f"{at}.txt" for at in range(number)], tree(folder, {}))))


def words_shown(folder: Path, number: int) -> int:
    return len(RunCommand(words=("a" * number,), at=AT).shown)


def loaded(folder: Path, number: int) -> int:
    names = tuple(ArtifactName(kind=NameKind.PATH, pieces=(f"{at}.joblib",), at=AT) for at in range(number))
    use = ArtifactUse(at=AT, direction=Direction.READS, form="joblib", call="joblib.load", library="", names=names)
    models = models_by_name([use], [name.text for name in names])
    return len(loaded_models(CodeScope(files=frozenset(("a.py",))), [use], models))


def exchanged(folder: Path, number: int) -> int:
    names = tuple(
        ArtifactName(kind=NameKind.REGISTRY, pieces=(f"churn-{at}",), scope="mlflow", at=AT) for at in range(number)
    )
    use = ArtifactUse(at=AT, direction=Direction.READS, form="mlflow", call="mlflow.load", library="", names=names)
    return len(exchanges_of([use]))


def files_of_an_image(folder: Path, number: int) -> int:
    text = "FROM python:3.11\nCOPY . /app\nCMD python run.py\n"
    whole = tree(folder, {"Dockerfile": text})
    paths = dict.fromkeys(("Dockerfile", *(f"{at}.py" for at in range(number))))
    whole = AuditedTree(folder=folder, root=whole.root, paths=paths)
    code = reader_code(["Dockerfile"], recipe_parts(whole, ["Dockerfile"]), whole)
    return len(code.files) if code is not None else number - 1


def mentioning_files(folder: Path, number: int) -> int:
    return len(list(_mentions("churn", "", tree(folder, {f"{at}.cfg": "model = churn\n" for at in range(number)}))))


def modules_of_both_sides(folder: Path, number: int) -> int:
    text = "def prepare(frame):\n" + "".join(f"    a{at} = frame[{at}] + {{number}}\n" for at in range(2))
    sides = {side: [f"{side}/{at:04}.py" for at in range(number)] for side in ("ours", "theirs")}
    files = {path: text.replace("{number}", str(len(side))) for side, paths in sides.items() for path in paths}
    contents = {path: text.encode() for path, text in files.items()}
    program = read_program(contents, contents.get)
    return len(list(_parted(frozenset(sides["ours"]), frozenset(sides["theirs"]), program)))


def crossing(folder: Path, number: int) -> int:
    writer, reader = (Candidate(group=DocumentGroup(qualifier=(), documents=[], home=(name,))) for name in ("a", "b"))
    for at in range(number):
        name = ArtifactName(kind=NameKind.PATH, pieces=(f"churn-{at}.joblib",), at=AT)
        write_use = ArtifactUse(
            at=Place(path="a.py", line=at),
            direction=Direction.WRITES,
            form="joblib",
            call="joblib.dump",
            library="joblib",
            names=(name,),
        )
        hand_over(writer, reader, Handover(write=write_use, read=write_use, sameness=Sameness.CERTAIN))
    return len(reader.crosses[writer])


def services(folder: Path, number: int) -> int:
    text = "services:\n" + "".join(f"  s{at}: {{build: .}}\n" for at in range(number))
    return len(compose_runs(tree(folder, {"compose.yaml": text})))


def services_of_files(folder: Path, number: int) -> int:
    file = "services:\n" + "".join(f"  s{at}: {{build: .}}\n" for at in range(number - 1))
    files = {"a/compose.yaml": file, "b/compose.yaml": "services: {a: {build: .}}\n", "c/compose.yaml": "services: 5\n"}
    return len(compose_runs(tree(folder, files)))


def jobs(folder: Path, number: int) -> int:
    environment = "image: python:3.11\nname: own\n"
    job = "command: python train.py\nenvironment: azureml:own\n"
    files = {"a.yml": environment, **{f"j{at:03}.yml": job.replace("train", f"t{at}") for at in range(number)}}
    given = [RecipePart(path=path, format="azureml", states=path == "a.yml") for path in files]
    first = with_azureml_jobs(given, tree(folder, files))[0]
    return len(first.commands)


def modules_of_an_environment(folder: Path, number: int) -> int:
    files = {"requirements.txt": "joblib\n", **{f"{at}.py": "" for at in range(number)}}
    found = survey_with_code(tree(folder, files), ["requirements.txt"], no_roots)
    return len(next(iter(found.scopes.values())).files)


def images_below(folder: Path, number: int) -> int:
    """A chain of images, whose command is that of the innermost."""
    files = {f"a{at}/Dockerfile": f"FROM r.example/a{at + 1}:1\n" for at in range(number)}
    files[f"a{number}/Dockerfile"] = "FROM python:3.11\nCMD python serve.py\n"
    built = "".join(f"  a{at}: {{image: 'r.example/a{at}:1', build: a{at}}}\n" for at in range(number + 1))
    of_first = next(
        part for part in parts(folder, {"compose.yaml": f"services:\n{built}", **files}) if "a0/" in part.path
    )
    return number if of_first.commands else number - 1


def commands_of_tox(folder: Path, number: int) -> int:
    commands = "    python a.py\n" * (number - 1)
    text = f"[testenv:a]\ndeps = numpy\ncommands =\n{commands}    python train.py\n"
    return max((len(part.commands) for part in parts(folder, {"tox.ini": text})), default=0)


def commands_of_a_job(folder: Path, number: int) -> int:
    lines = "".join(f"      - run: python {at}.py\n" for at in range(number))
    text = f"jobs:\n  fit:\n    steps:\n      - run: pip install numpy\n{lines}"
    (job,) = parts(folder, {".github/workflows/fit.yml": text})
    return len(job.commands)


def commands_before_a_script(folder: Path, number: int) -> int:
    return _followed(folder, number, "sh last.sh")


def commands_before_a_target(folder: Path, number: int) -> int:
    return _followed(folder, number, "make last")


def _followed(folder: Path, number: int, last: str) -> int:
    """An image with so many commands, of which the last starts what another file says."""
    dockerfile = "FROM python:3.11\nRUN pip install numpy==1.26.4\nCOPY . /app\nCMD sh run.sh\n"
    lines = "echo\n" * (number - 2)
    files = {"run.sh": f"{lines}{last}\n", "last.sh": "python x.py\n", "Makefile": "last:\n\tpython x.py\n", "x.py": ""}
    found = survey_with_code(tree(folder, {"Dockerfile": dockerfile, **files}), ["Dockerfile"], no_roots)
    return number if any(scope.is_exact for scope in found.scopes.values()) else number - 1


def parted_functions(folder: Path, number: int) -> int:
    sides = {}
    for at, side in enumerate(("ours", "theirs")):
        body = "".join(f"    a{line} = frame[{line}] + {at}\n" for line in range(2))
        text = "".join(f"def prepare{number}(frame):\n{body}" for number in range(number))
        sides[f"{side}/features.py"] = text.encode()
    writer, reader = (Candidate(group=DocumentGroup(qualifier=(), documents=[], home=(name,))) for name in ("a", "b"))
    reader.crosses[writer] = []
    scopes = {one: CodeScope(files=frozenset((path,))) for one, path in zip((writer, reader), sides, strict=True)}
    find_parted_code([writer, reader], scopes, read_program(sides, sides.get))
    return len(reader.parted[writer])


def scanned(folder: Path, number: int) -> int:
    """A source that states an image, behind others that may."""
    source = "import modal\nimage = modal.Image.debian_slim().pip_install('numpy==1.26.4')\napp = modal.App()\n"
    whole = tree(folder, {"z.py": source})
    paths = dict.fromkeys((*(f"{at}.py" for at in range(number - 1)), "z.py"))
    whole = AuditedTree(folder=folder, root=whole.root, paths=paths)
    return number if list(_recipes(whole, [])) else number - 1


def recipes(folder: Path, number: int) -> int:
    whole = tree(folder, {"z/Dockerfile": "FROM python:3.11\n"})
    paths = [*(f"{at}/Dockerfile" for at in range(number - 1)), "z/Dockerfile"]
    whole = AuditedTree(folder=folder, root=whole.root, paths=dict.fromkeys(paths))
    return number if recipe_parts(whole, paths) else number - 1


def packages_that_count(folder: Path, number: int) -> int:
    (sign,) = signs_of_packages(sorted(words().packages["training"])[:number])
    return round(sign.weight / PACKAGES)


def models_of_triton(folder: Path, number: int) -> int:
    files = {f"repo/{at}/config.pbtxt": 'backend: "onnxruntime"\n' for at in range(number)}
    return len(triton_models(tree(folder, files)))


def evidence(folder: Path, number: int) -> int:
    seen = tuple(Observation(at=AT, says=f"runs {at}") for at in range(number))
    environment = DiscoveredEnvironment(name="a", role="", folder="", sources=("a.txt",), evidence=seen)
    return render(Discovery(environments=(environment,), pairs=(), ignored=())).count("# runs ")


def characters_of_evidence(folder: Path, number: int) -> int:
    seen = (Observation(at=AT, says="#" * number),)
    environment = DiscoveredEnvironment(name="a", role="", folder="", sources=("a.txt",), evidence=seen)
    text = render(Discovery(environments=(environment,), pairs=(), ignored=()))
    return max(len(line) for line in text.splitlines() if line.startswith("# ##")) - len("# ")


def crossing_comments(folder: Path, number: int) -> int:
    crosses = tuple(CrossingArtifact(artifact=f"{at}", form="joblib", written=AT, read=AT) for at in range(number))
    pair = Pair(writer="a", reader="b", project="", certain=True, crosses=crosses)
    first, second = (
        DiscoveredEnvironment(name=name, role="", folder="", sources=("a.txt",), follows=follows)
        for name, follows in (("a", ()), ("b", ("a",)))
    )
    return render(Discovery(environments=(first, second), pairs=(pair,), ignored=())).count("# a writes ")


def rivals(folder: Path, number: int) -> int:
    paths = [f"p{at}/train/requirements.txt" for at in range(number)]
    return len(discover([*paths, "serve/requirements.txt"]).pairs) or number - 1


def followers(folder: Path, number: int) -> int:
    paths = [f"p{at}/serve/requirements.txt" for at in range(number)]
    return len(discover([*paths, "train/requirements.txt"]).pairs) or number - 1


LIMITS: dict[Callable[[Path, int], int], int] = {
    stages: 300,
    entry_points: 300,
    scripts: 400,
    scripts_with_containers: 400,
    lines_of_a_target: 400,
    variables: 500,
    executed: 100,
    words_of_a_list: 200,
    words_of_a_text: 200,
    included: 50,
    words_shown: 80,
    loaded: 50,
    exchanged: 200,
    files_of_an_image: 2_000,
    mentioning_files: 200,
    modules_of_both_sides: 300,
    crossing: 12,
    services: 500,
    services_of_files: 500,
    jobs: 500,
    modules_of_an_environment: 200,
    images_below: 4,
    commands_of_tox: 300,
    commands_of_a_job: 300,
    commands_before_a_script: 199,
    commands_before_a_target: 199,
    parted_functions: 20,
    scanned: 20_000,
    recipes: 2_000,
    packages_that_count: 3,
    models_of_triton: 500,
    evidence: 5,
    characters_of_evidence: 200,
    crossing_comments: 5,
    rivals: 2,
    followers: 3,
}


@pytest.mark.parametrize("count", LIMITS, ids=lambda count: count.__name__)
def test_as_much_as_the_limit_is_looked_at(count: Callable[[Path, int], int], tmp_path: Path) -> None:
    limit = LIMITS[count]
    assert [count(tmp_path / str(number), number) for number in (limit, limit + 1)] == [limit, limit]


def test_the_files_within_the_limit_of_a_tree(tmp_path: Path) -> None:
    files = tree(tmp_path, {"a/b.txt": "x", "c.txt": "y"})
    write(tmp_path, {"other.txt": "z"})
    assert [files.exists(path) for path in ("a/b.txt", "c.txt", "a", "other.txt")] == [True, True, False, False]
    assert (sorted(files.list()), sorted(files.list("a"))) == (["a/b.txt", "c.txt"], ["a/b.txt"])
    with files.open("a/b.txt") as stream:
        assert stream.read() == b"x"
    with pytest.raises(Unreadable, match=r"^it was not found in the audited folder$"):
        files.open("other.txt")
    assert files.document("gone.txt") is None
    write(tmp_path, {"binary.txt": "x"})
    (tmp_path / "binary.txt").write_bytes(b"\xff\xfe\xff")
    texts = [files.text(*asked) for asked in (("c.txt",), ("c.txt", 1), ("c.txt", 0), ("gone.txt",), ("binary.txt",))]
    assert texts == ["y", "y", None, None, None]


@pytest.mark.parametrize(("size", "is_read"), [(16 * 1024 * 1024, True), (16 * 1024 * 1024 + 1, False)])
def test_code_is_read_as_large_as_the_limit(size: int, is_read: bool, tmp_path: Path) -> None:
    files = tree(tmp_path, {"a.py": "x"})
    with (tmp_path / "a.py").open("r+b") as stream:
        stream.truncate(size)
    assert (_content("a.py", files) is not None) is is_read
    assert _content("gone.py", files) is None


def test_targets_are_followed_as_far_as_the_limit(tmp_path: Path) -> None:
    reached = [bool(targets_that_a_target_needs(tmp_path, number)) for number in (400, 401)]
    assert reached == [True, False]


@pytest.mark.parametrize(("size", "is_read"), [(256 * 1024, True), (256 * 1024 + 1, False)])
def test_makefiles_and_scripts_are_read_as_large_as_the_limit(size: int, is_read: bool, tmp_path: Path) -> None:
    text = "a:\n\tdocker exec a b\n\tpython train.py\n\tpip install -r a.txt\n".ljust(size - 1, "#") + "\n"
    files = tree(tmp_path, {"Makefile": text, "a.txt": ""})
    assert bool(commands_behind(["make"], "", files)) is is_read
    assert bool(list(commands_of_tasks(files))) is is_read
    assert bool(list(task_parts(files))) is is_read


@pytest.mark.parametrize(("size", "is_read"), [(64 * 1024, True), (64 * 1024 + 1, False)])
def test_small_files_are_read_as_large_as_the_limit(size: int, is_read: bool, tmp_path: Path) -> None:
    text = "A=churn\n".ljust(size)
    assert bool(list(variables_of(Document(".env", text.encode())))) is is_read
    assert bool(list(_mentions("churn", "", tree(tmp_path, {"a.cfg": text})))) is is_read

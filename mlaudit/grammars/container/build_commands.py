"""Commands that build images: `docker build -f serving/Dockerfile .` in scripts, Makefiles and steps of CI.

https://docs.docker.com/reference/cli/docker/buildx/build/, https://docs.podman.io/en/latest/markdown/podman-build.1.html,
https://github.com/GoogleContainerTools/kaniko#additional-flags
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from mlaudit.grammars.shell.install_options import arguments, grammar
from mlaudit.grammars.shell.shell_commands import commands
from mlaudit.grammars.shell.shell_words import Word
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern

MAX_TEXT = 256 * 1024
"""Characters of one script in which builds are looked for."""
MAX_ARGUMENT = 1024
"""Characters of a value that a build gives."""
MENTIONS = lazy_pattern(r"\b(?:docker|podman|buildah|nerdctl|buildx|kaniko|executor)\b")

_TOP = "@TOP@"
_OWN = "@OWN@"
_DIRNAME = r"\$\(\s*dirname\s+(?:--\s+)?\"?\$\{?(?:0|BASH_SOURCE(?:\[0\])?)\}?\"?\s*\)"
_OWN_FOLDER = lazy_pattern(
    rf"\$\(\s*(?:cd|realpath|readlink -f)\s+(?:--\s+)?\"?{_DIRNAME}\"?(?P<below>[\w./-]{{0,200}})\"?"
    rf"(?:\s*(?:&&|;)\s*pwd(?:\s+-P)?)?\s*\)|{_DIRNAME}"
)
_TOP_FOLDER = lazy_pattern(
    r"\$\(\s*git rev-parse --show-toplevel\s*\)|\$\{\{\s*github\.workspace\s*\}\}"
    r"|\$\{?(?:GITHUB_WORKSPACE|CI_PROJECT_DIR|CODEBUILD_SRC_DIR|WORKSPACE|BITBUCKET_CLONE_DIR)\}?"
    r"|\$\((?:Build\.SourcesDirectory|System\.DefaultWorkingDirectory)\)"
)
_CURRENT = lazy_pattern(r"\$\((?:pwd|PWD|CURDIR)\)|\$\{?PWD\}?|\$\{?CURDIR\}?|`pwd`")
_EXPRESSION = lazy_pattern(r"\$\{\{[^{}]{0,200}\}\}|\{\{[^{}]{0,200}\}\}")
_UNKNOWN = lazy_pattern(r"\$\{[^{}]{0,200}\}|\$\([^()]{0,200}\)|\$\w{1,128}|`[^`]{0,200}`")
_PROGRAMS = frozenset(("docker", "podman", "buildah", "nerdctl", "sudo"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageBuild:
    """One build of an image; `*` stands for what in a path has no value here.

    Attributes:
        context: the folder, relative to where the commands run.
        file: the Dockerfile, relative to the same.
        target: the stage that is built, empty for the last one.
        names: what the image is called.
        arguments: values that the build gives to ARGs; those that are computed are left out.
    """

    context: str
    file: str
    target: str = ""
    names: tuple[str, ...] = ()
    arguments: tuple[tuple[str, str], ...] = ()


def builds_of(text: str, folder: str = "", own: str = "") -> Iterator[ImageBuild]:
    """The builds in a script that runs in `folder`; the script itself is in the folder `own`. Raises BudgetExceeded."""
    if len(text) > MAX_TEXT or not MENTIONS.search(text):
        return
    values: dict[str, str] = {}
    current = folder
    for command in commands(_with_places(text), values):
        words = [word for word in command.words if word.text not in ("sudo", "exec", "time", "@")]
        if not words:
            continue
        name = command_name(words)
        if name in ("cd", "pushd") and len(words) > 1:
            current = placed(_plain(words[1]), current, own)
        else:
            yield from _build(name, words, current, own)


def command_name(words: Sequence[Word]) -> str:
    """The program that words call, without its folder."""
    return words[0].text.rpartition("/")[2].lstrip("@-")


def _with_places(text: str) -> str:
    """A script in which folders are marked whose names only running it would show."""
    marked = _OWN_FOLDER.sub(lambda match: _OWN + (match["below"] or ""), text)
    return _EXPRESSION.sub("*", _CURRENT.sub(".", _TOP_FOLDER.sub(_TOP, marked)))


def _plain(word: Word) -> str:
    return _UNKNOWN.sub("*", word.text)


def placed(path: str, current: str, own: str = "") -> str:
    """A path as the commands see it, relative to the top of the repository."""
    if path.startswith(_TOP):
        joined = path[len(_TOP) :].lstrip("/")
    elif path.startswith(_OWN):
        joined = posixpath.join(own, path[len(_OWN) :].lstrip("/"))
    else:
        joined = posixpath.join(current, path)
    normal = posixpath.normpath(joined or ".")
    return "" if normal == "." else normal


def marked(path: str) -> str:
    """A path of a CI's setting with its folders and unknown parts marked."""
    return _UNKNOWN.sub("*", _with_places(path))


def _build(name: str, words: Sequence[Word], current: str, own: str) -> Iterator[ImageBuild]:
    if name in _PROGRAMS:
        rest = [word.text for word in words[1:4]]
        at = next((number for number, text in enumerate(rest) if text in ("build", "bud", "b")), None)
        if at is not None and set(rest[:at]) <= {"buildx", "image", "builder"}:
            yield from _of_docker(words[at + 2 :], current, own)
    elif name == "executor":
        yield from _of_kaniko(words[1:], current, own)


def _of_docker(words: Sequence[Word], current: str, own: str) -> Iterator[ImageBuild]:
    file = target = ""
    operands: list[str] = []
    names: list[str] = []
    given: list[str] = []
    for option, word in arguments(words, grammar("docker")):
        if option in ("-f", "--file"):
            file = _plain(word)
        elif option == "--target":
            target = _plain(word)
        elif option in ("-t", "--tag"):
            names.append(_plain(word))
        elif option == "--build-arg":
            given.append(_plain(word))
        elif not option:
            operands.append(_plain(word))
    if operands and "://" not in operands[-1] and operands[-1] != "-" and file != "-":
        context = placed(operands[-1], current, own)
        inside = posixpath.join(context, "Dockerfile")
        yield ImageBuild(
            context=context,
            file=placed(file, current, own) if file else inside,
            target=target,
            names=tuple(names),
            arguments=tuple(given_arguments(given)),
        )


def given_arguments(texts: Iterable[str]) -> Iterator[tuple[str, str]]:
    """`NAME=value`; one without a value takes it from the caller's environment, which nobody knows here."""
    for text in texts:
        name, sign, value = text.partition("=")
        if sign and "*" not in value and len(value) <= MAX_ARGUMENT:
            yield name, value


def _of_kaniko(words: Sequence[Word], current: str, own: str) -> Iterator[ImageBuild]:
    listed = [(option, _plain(word)) for option, word in arguments(words, grammar("kaniko"))]
    options = dict(listed)
    folder = options.get("--context") or options.get("-c") or ""
    file = options.get("--dockerfile") or options.get("-f") or "Dockerfile"
    if folder and "://" not in folder.removeprefix("dir://"):
        context = placed(folder.removeprefix("dir://"), current, own)
        context = placed(options.get("--context-sub-path", "."), context)
        # kaniko looks for it where it runs, then in the context.
        for base in dict.fromkeys((current, context)):
            yield ImageBuild(
                context=context,
                file=placed(file, base, own),
                target=options.get("--target", ""),
                names=tuple(value for option, value in listed if option in ("--destination", "-d")),
                arguments=tuple(given_arguments(value for option, value in listed if option == "--build-arg")),
            )

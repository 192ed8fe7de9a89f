"""What deployment descriptors have in common: lists of requirements, shell commands, Pythons and images inside YAML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from mlaudit.document.budget import Limit, spend
from mlaudit.document.document import Document
from mlaudit.document.node import Malformed, Node
from mlaudit.grammars.conda.conda_pins import CondaPins, Standing
from mlaudit.grammars.container import image_tags
from mlaudit.grammars.pypi import python_text
from mlaudit.grammars.shell import install_pip, install_system
from mlaudit.grammars.shell.install_command import of_words, statements
from mlaudit.grammars.shell.recipe import Call, Recipe
from mlaudit.grammars.shell.script_text import Script, of_node
from mlaudit.grammars.shell.shell_words import Lexer, Word
from mlaudit.grammars.variables import defined
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import replace
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Include, Kind, Layer, Pin, Place, Statement

INDEXES = Limit(name="package indexes that lists of requirements name", most=1_000)

STEPS_OF_INCLUDED = 1000
"""Steps that are kept free for the installs of an included recipe, so that what follows it comes later."""

_VARIABLE = lazy_pattern(r"\$\{[^{}]{0,200}\}|\$[A-Za-z_]\w{0,128}|\{\{[^{}]{0,200}\}\}|\$\{|\{\{")

_RECIPES = ("dockerfile", "conda-env", "mlflow-python-env")
_SHELL_SCRIPT_OPTIONS = ("-c", "-ec", "-exc", "-lc", "-euc", "-cx", "-xec", "-ce", "-euxc", "-xc")


class Descriptor:
    """One descriptor being read.

    Args:
        doc: the document.
        parts: the roots that its statements belong to.
        at: gives the place of a node; the document's own places where none is given.
        folder: the folder of the document that its paths are relative to.
    """

    def __init__(
        self,
        doc: Document,
        *,
        parts: tuple[str, ...] = (),
        at: Callable[[Node], Place] | None = None,
        folder: str = "",
    ) -> None:
        self.doc = doc
        self.recipe = Recipe(doc, values=doc.defines, parts=parts, folder=folder)
        self._at = at

    def at(self, node: Node) -> Place:
        """The place of a node."""
        return self._at(node) if self._at else self.doc.at(*node.route)

    def guarded(self, nodes: Iterable[Node], read: Callable[[Node], Iterable[Statement]]) -> Iterator[Statement]:
        """What `read` makes of each node; a malformed one becomes an Unread and the others go on."""
        for node in nodes:
            try:
                yield from read(node)
            except Malformed as error:
                yield self.doc.unread(str(error), self.at(Node(None, error.route)))

    def requirements(self, nodes: Node | Iterable[Node]) -> Iterator[Statement]:
        """A list of requirements; entries may be options of pip, which hold for all of them."""
        if isinstance(nodes, Node):
            yield from self.guarded([nodes], lambda node: self.requirements(list(node.each())))
            return
        listed = list(nodes)
        recipe = self.recipe
        recipe.step += 1
        before = recipe.values.get("PIP_EXTRA_INDEX_URL")
        indexes = [address for node in listed if isinstance(node.value, str) for address in _indexes(node.value)]
        indexes = list(dict.fromkeys(indexes))
        spend(INDEXES, len(indexes))
        recipe.values["PIP_EXTRA_INDEX_URL"] = " ".join([*([before] if before else []), *indexes])
        versions_seen: set[str | None] = set()
        for statement in self.guarded(listed, self._requirement):
            if isinstance(statement, Pin) and statement.kind is Kind.CUDA:
                if statement.version in versions_seen:
                    continue
                versions_seen.add(statement.version)
            yield statement
        if before is None:
            del recipe.values["PIP_EXTRA_INDEX_URL"]

    def _requirement(self, node: Node) -> Iterator[Statement]:
        script = of_node(node, self.at(node), self.doc)
        text = script.text
        if (resolved := defined(text, self.doc.defines)) != text:
            script, text = Script(self.doc, resolved, (), script.whole), resolved
        bare = text.partition(" #")[0].rstrip()
        if not bare or bare.startswith("#"):
            return
        if bare.startswith("-") or " --" in bare:
            words = tuple(token for token in Lexer(bare, {}, shell=False).tokens() if isinstance(token, Word))
        else:
            words = (Word(text=bare.strip(), start=len(text) - len(text.lstrip()), end=len(bare)),)
        yield from install_pip.install(Call(script=script, recipe=self.recipe, words=words))

    def system_packages(self, node: Node) -> Iterator[Statement]:
        """A list of packages for the system's package manager."""
        if not node.exists:
            return
        self.recipe.step += 1

        def read(listed: Node) -> Iterator[Statement]:
            script, words = self._joined(entry for entry in listed.each() if entry.is_text)
            yield from install_system.install(Call(script=script, recipe=self.recipe, words=words))

        yield from self.guarded([node], read)

    def include(self, node: Node, format_name: str | None = "requirements") -> Iterator[Statement]:
        """A file that the descriptor names, relative to it."""
        yield from self.guarded([node], lambda entry: self._include(entry, format_name))

    def _include(self, node: Node, format_name: str | None) -> Iterator[Statement]:
        path = node.maybe_text()
        if not path:
            return
        self.recipe.step += 1
        at = self.at(node)
        path = defined(path, self.recipe.values)
        unknown = _VARIABLE.search(path)
        if unknown is not None and self.doc.beside(path) is None:
            why = f"`{unknown[0][:80]}` has no value here; a variable gets one by --define NAME=VALUE"
            yield self.doc.unread(why, at, what=path, template=True)
            return
        target = path.removeprefix("file:").removeprefix("./")
        prefix = f"{self.recipe.folder}/" if self.recipe.folder and not target.startswith("/") else ""
        yield Include(target=prefix + target, at=at, format=format_name, step=self.recipe.step, parts=self.recipe.parts)
        if format_name in _RECIPES:
            self.recipe.step += STEPS_OF_INCLUDED

    def conda_file(self, node: Node) -> Iterator[Statement]:
        """A conda environment: a file that is named, or one that is in the descriptor itself."""
        if node.is_table:
            yield from self.guarded([node], self._conda_environment)
        else:
            yield from self.include(node, "conda-env")

    def _conda_environment(self, node: Node) -> Iterator[Statement]:
        """`dependencies` as in an environment.yml: match specs, and a table whose `pip` lists requirements."""
        specs = [entry for entry in node.get("dependencies").each() if entry.is_text]
        yield from self.conda_specs(specs)
        for entry in node.get("dependencies").each():
            if entry.is_table:
                yield from self.requirements(entry.get("pip").each())
            elif not entry.is_text:
                yield self.doc.unread("expected a match spec or a table `pip`", self.at(entry))

    def conda_specs(self, nodes: Iterable[Node]) -> Iterator[Statement]:
        """A list of conda's match specs."""
        self.recipe.step += 1
        standing = Standing(parts=self.recipe.parts, step=self.recipe.step)
        yield from CondaPins(self.doc).declared([(node.text(), self.at(node)) for node in nodes], standing)

    def script(self, node: Node) -> Iterator[Statement]:
        """Shell commands: a string, or a list of them (lists in it are flattened)."""
        if node.is_list:
            yield from self.guarded(node.each(), self.script)
        elif node.exists:
            yield from self.guarded([node], self._script)

    def _script(self, node: Node) -> Iterator[Statement]:
        yield from statements(of_node(node, self.at(node), self.doc), self.recipe)

    def command(self, nodes: Iterable[Node]) -> Iterator[Statement]:
        """A list of arguments as a container runs it: `[sh, -c, script]` or the words of one command."""
        listed = list(nodes)
        scripts = [after for node, after in pairwise(listed) if node.value in _SHELL_SCRIPT_OPTIONS]
        if scripts:
            yield from self.guarded(scripts, self.script)
            return
        script, words = self._joined(listed)
        if words:
            yield from of_words(script, self.recipe, words)

    def _joined(self, nodes: Iterable[Node]) -> tuple[Script, tuple[Word, ...]]:
        text, pieces, words = "", [], []
        for node in nodes:
            script = of_node(node, self.at(node), self.doc)
            start = len(text)
            pieces += [(start + at, to) for at, to in script.pieces] or [(start, -1)]
            text += script.text + " "
            words.append(Word(text=script.text, start=start, end=len(text) - 1))
        return Script(self.doc, text, pieces, self.doc.place(1, 1)), tuple(words)

    def python(self, node: Node, layer: Layer = Layer.DECLARED) -> Iterator[Statement]:
        """The version of Python at a node."""

        def read(member: Node) -> Iterator[Statement]:
            text, recipe = member.maybe_text(), self.recipe
            if text:
                at = self.at(member)
                yield python_text.statement(self.doc, text, at, layer=layer, scope=recipe.base_scope)

        yield from self.guarded([node], read)

    def image(self, node: Node) -> Iterator[Statement]:
        """The image at a node."""

        def read(member: Node) -> Iterator[Statement]:
            text, recipe = member.maybe_text(), self.recipe
            if text:
                yield from image_tags.statements(self.doc, text, self.at(member), scope=recipe.base_scope)

        yield from self.guarded([node], read)

    def version(self, name: str, kind: Kind, node: Node, layer: Layer = Layer.DECLARED) -> Iterator[Statement]:
        """A version that is alone under a key (`cuda: "12.1"`)."""
        yield from self.guarded([node], lambda member: self._version(name, kind, member, layer))

    def _version(self, name: str, kind: Kind, node: Node, layer: Layer) -> Iterator[Statement]:
        text = defined(node.maybe_text() or "", self.doc.defines)
        if not text:
            return
        at = self.at(node)
        if "{{" in text or "${" in text:
            yield self.doc.unread("a placeholder in it has no value here", at, what=text, package=name, template=True)
            return
        # BentoML's `cuda_version: default` and its like leave the version to the tool.
        version = text.strip() if any(character.isdigit() for character in text) else None
        pin = self.doc.pin(
            layer,
            name,
            version,
            at=at,
            kind=kind,
            scope=self.recipe.base_scope,
        )
        yield replace(pin, variant=None) if kind is not Kind.PACKAGE else pin


def _indexes(text: str) -> Iterator[str]:
    words = text.split()
    for option, value in zip(words, [*words, ""][1:], strict=True):
        name, equals, attached = option.partition("=")
        if name in ("--extra-index-url", "--index-url", "-i", "--find-links", "-f"):
            yield attached if equals else value


def data_of(doc: Document) -> Node:
    """The document as JSON where it is that, else as YAML. Raises Unreadable."""
    if doc.text.lstrip()[:1] in ("{", "["):
        try:
            return doc.json
        except Unreadable:
            return doc.yaml
    return doc.yaml


def merged(statements: Iterable[Statement]) -> Iterator[Statement]:
    """Statements that differ only in their parts as one with all of them; others that are stated again once."""
    parts: dict[Statement, dict[str, None]] = {}
    for statement in statements:
        own = statement.parts if isinstance(statement, (Pin, Include)) else ()
        bare = replace(statement, parts=()) if isinstance(statement, (Pin, Include)) else statement
        parts.setdefault(bare, {}).update(dict.fromkeys(own))
    for bare, names in parts.items():
        yield replace(bare, parts=tuple(names)) if isinstance(bare, (Pin, Include)) else bare


def values_under(node: Node, *keys: str) -> Iterator[Node]:
    """Every value under one of some keys, however deep, in the order of the document."""
    waiting = [(node, False)]
    while waiting:
        node, wanted = waiting.pop()
        if wanted:
            yield node
        elif node.is_list:
            waiting += [(member, False) for member in node.each()][::-1]
        elif node.is_table:
            waiting += [(value, key in keys and value.exists) for key, value in node.items()][::-1]

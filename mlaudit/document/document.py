"""One document: bytes with a path, its text and data on demand, and the place of every value in it."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar, cast

from mlaudit.document.answers import Answers, Questions
from mlaudit.document.node import Malformed, Node, Route
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.names import normalized, package_of
from mlaudit.model.nouns import Kind, Layer, Pin, Place, Unread
from mlaudit.model.scope import EVERYWHERE, PinScope
from mlaudit.model.secrets import masked
from mlaudit.model.versions import split_variant

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from mlaudit.document.files import Files
    from mlaudit.document.json_stream import JsonStream
    from mlaudit.model.pin_fields import PinFields

WHOLE_LIMIT = 64 * 1024 * 1024
"""Bytes: a larger document is read only by formats that seek."""
CODING_COLUMNS = 200
"""Bytes of a line in which a comment may declare the encoding."""
MAX_NAMES = 1000
"""Names in one folder that a document may ask for."""

_ARCHIVE = lazy_pattern(r"\.(?:whl|tar\.gz|tgz|zip|tar\.bz2|tar\.xz)(?:[#?]|$)")
_QUOTED = lazy_pattern(r"`([^`]+)`")
_CODING = lazy_pattern(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
# UTF-32-LE begins with the mark of UTF-16-LE, so it is tried first.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

T = TypeVar("T")


class ValueLocator(Protocol):
    """Finds the place of a value by its route."""

    def at(self, *route: str | int) -> tuple[int, int, int, int] | None:
        """Line, column, start and end of a value, or None."""
        ...


Opener = Callable[[], AbstractContextManager[BinaryIO]]
Ask = Callable[[str], "Document | None"]
ListNames = Callable[[str], "tuple[str, ...]"]


class Document:
    """Bytes with the path under which they are reported.

    Args:
        path: relative to the root, with `/`.
        data: the bytes, where they are available.
        opener: gives a seekable stream, where they are not.
        size: in bytes.
        tree: the files of a folder-like document: an installed environment, a root file system, an image.
        ask: gives the document at a path relative to this one's folder, or None if there is none or it is
            outside the audited root. Asked by parsers that need a neighbour (the pyproject beside a lock).
        list_names: gives the names in a folder relative to this one's, in order.

    Attributes:
        is_read: somebody looked at its content.
    """

    def __init__(
        self,
        path: str,
        data: bytes | None = None,
        *,
        opener: Opener | None = None,
        size: int | None = None,
        tree: Files | None = None,
        ask: Ask | None = None,
        list_names: ListNames | None = None,
        defines: Mapping[str, str] | None = None,
    ) -> None:
        self.path = path
        self.tree = tree
        self.size = size if size is not None else len(data or b"")
        self.defines = dict(defines or {})
        self._data = data
        self._opener = opener
        self._ask = ask
        self._list_names = list_names
        self._questions: Questions | None = None
        self.is_read = data is not None

    def beside(self, path: str) -> Document | None:
        """The document at a path relative to this one's folder, None if there is none inside the root."""
        neighbour = self._ask(path) if self._ask else None
        if self._questions is not None:
            self._questions.about_file(path, neighbour)
        return neighbour

    def names(self, folder: str) -> tuple[str, ...]:
        """The names of what is in a folder relative to this document's, in order; none where nobody can tell."""
        names = self._list_names(folder) if self._list_names else ()
        if self._questions is not None:
            self._questions.about_names(folder, names)
        return names

    def remember_questions(self) -> None:
        """Keep in mind what is asked about neighbours from now on."""
        self._questions = Questions()

    def forget_questions(self) -> Answers | None:
        """The answers that were given since then; None if it is not known whether they would be given again."""
        questions, self._questions = self._questions, None
        return questions.answers() if questions is not None else None

    def with_defines(self, defines: Mapping[str, str]) -> Document:
        """The same document where more variables are known; those that it knows already keep their values."""
        return Document(
            self.path,
            self._data,
            opener=self._opener,
            size=self.size,
            tree=self.tree,
            ask=self._ask,
            list_names=self._list_names,
            defines={**defines, **self.defines},
        )

    def with_data(self, data: bytes) -> Document:
        """A document at the same path, with the same neighbours, that has other bytes."""
        return Document(
            self.path, data, tree=self.tree, ask=self._ask, list_names=self._list_names, defines=self.defines
        )

    def stream(self) -> AbstractContextManager[BinaryIO]:
        """The bytes as a seekable stream. Raises Unreadable."""
        self.is_read = True
        if self._data is not None or self._opener is None:
            return BytesIO(self._data or b"")
        return self._opener()

    @cached_property
    def data(self) -> bytes:
        """All bytes. Raises Unreadable past `WHOLE_LIMIT`."""
        if self._data is not None:
            return self._data
        if self.size > WHOLE_LIMIT:
            raise Unreadable(f"it has {self.size} bytes; formats read whole may have {WHOLE_LIMIT}")
        with self.stream() as stream:
            return stream.read(WHOLE_LIMIT)

    @cached_property
    def head(self) -> bytes:
        """The first 64 KiB. Raises Unreadable."""
        if self._data is not None:
            return self._data[:65536]
        with self.stream() as stream:
            return stream.read(65536)

    @property
    def encoding(self) -> str:
        """What the text is encoded in where it has no byte-order mark: by a PEP 263 comment, else UTF-8."""
        return _declared_encoding(self.data) or "utf-8"

    @cached_property
    def text(self) -> str:
        """The text: byte-order marks, then a PEP 263 comment, then UTF-8. Raises Unreadable.

        The order is pip's (pip/_internal/req/req_file.py); its last resort, the machine's locale, is not taken,
        since an audit must not depend on where it runs.
        """
        data = self.data
        if self._data is None:
            # A large document is kept once, as its text; whoever asks for the bytes again reads them again.
            del self.data
        for mark, encoding in _MARKS:
            if data.startswith(mark):
                return _decoded(data[len(mark) :], encoding)
        declared = _declared_encoding(data)
        if declared is not None:
            return _decoded(data, declared)
        if b"\0" in data[:8192]:
            raise Unreadable("it is binary, not text")
        return _decoded(data, "utf-8")

    @cached_property
    def toml(self) -> Node:
        """The document as TOML. Raises Unreadable."""
        from mlaudit.document.toml import toml_loads

        return Node(self._parsed("TOML", toml_loads))

    @cached_property
    def lock_toml(self) -> Node:
        """The document as TOML without the lists of distribution files that locks carry. Raises Unreadable."""
        from mlaudit.document.toml import loads_lock

        return Node(self._parsed("TOML", loads_lock))

    @cached_property
    def json(self) -> Node:
        """The document as JSON; of a repeated key the last value counts, as for Python. Raises Unreadable."""
        from mlaudit.document.json_stream import json_loads

        return Node(self._parsed("JSON", json_loads))

    @cached_property
    def json_outline(self) -> Node:
        """The document as JSON, of a large one the lists of its top level left empty. Raises Unreadable.

        `json_members` gives what they hold.
        """
        return self.json if self._json_stream is None else Node(self._parsed("JSON", lambda _: self._outline()))

    def json_members(self, *route: str | int) -> Iterator[Node | Unread]:
        """The members of a list of JSON, of a large document one at a time; an Unread for one that is too large.

        Raises Unreadable, and Malformed on a value that is no list.
        """
        listed = self.json_outline.dig(*map(str, route))
        if self._json_stream is None or not listed.is_list:
            yield from listed.each()
            return
        members = self._json_stream.members(*route)
        while (entry := self._parsed("JSON", lambda _: next(members, None))) is not None:
            index, value = cast("tuple[int, object]", entry)
            if isinstance(value, Unreadable):
                yield self.unread(value.why, self.at(*route, index))
            else:
                yield Node(value, (*route, index))

    def _outline(self) -> object:
        return self._json_stream.outline() if self._json_stream else None

    @cached_property
    def _json_stream(self) -> JsonStream | None:
        """The stream of a document that is too large to be read whole, else None. Raises Unreadable."""
        from mlaudit.document.json_stream import JsonStream, is_large

        if "json" in self.__dict__ or not is_large(self.text):
            return None
        return cast("JsonStream", self._parsed("JSON", JsonStream))

    @cached_property
    def yaml(self) -> Node:
        """The first YAML document in it, every scalar as the text that is there. Raises Unreadable."""
        from mlaudit.document.yaml import yaml_loads

        return Node(self._parsed("YAML", yaml_loads))

    def _parsed(self, language: str, loads: Callable[[str], object]) -> object:
        try:
            return loads(self.text)
        except RecursionError:
            raise Unreadable(f"it is nested too deeply for {language}") from None
        except ValueError as error:
            if "integer string conversion" in str(error):
                raise Unreadable(f"a number in its {language} has more digits than are read") from None
            line, column = getattr(error, "lineno", None), getattr(error, "colno", None)
            raise Unreadable(f"it is not valid {language}: {error}", line, column) from None

    @cached_property
    def _locator(self) -> ValueLocator:
        from mlaudit.document import positions as locate

        if "toml" in self.__dict__:
            return locate.toml_locator(self.text)
        if "lock_toml" in self.__dict__:
            from mlaudit.document.lock_positions import LockLocator

            packages = self.lock_toml.get("package").value
            return LockLocator(self.text, len(packages) if isinstance(packages, list) else 0)
        if "json" in self.__dict__ or "json_outline" in self.__dict__:
            stream = self.__dict__.get("_json_stream")
            return locate.json_locator(self.text, stream.index if stream else None)
        return locate.yaml_locator(self.text)

    def at(self, *route: str | int) -> Place:
        """The place of the value at a route; of the nearest value around it, or the document, if there is none."""
        span = self._locator.at(*route)
        if span is None:
            return self.at(*route[:-1]) if route else Place(path=self.path)
        line, column, start, end = span
        return Place(path=self.path, line=line, column=column, start=start, end=end)

    def place(
        self, line: int | None = None, column: int | None = None, start: int | None = None, end: int | None = None
    ) -> Place:
        """A place by line and column, for formats made of lines and for binary ones (all None)."""
        return Place(path=self.path, line=line, column=column, start=start, end=end)

    def pin(
        self,
        layer: Layer,
        name: str,
        version: str | None = None,
        *,
        at: Place,
        scope: PinScope = EVERYWHERE,
        **stated: Unpack[PinFields],
    ) -> Pin:
        """A pin of this document: name normalized, its row found, the variant taken from the version's local part.

        A built distribution or source archive of a stated version is a package like any, wherever its file is.
        """
        origin = stated.get("origin")
        if stated.get("kind") is Kind.LOCAL and version and origin and _ARCHIVE.search(origin):
            stated["kind"] = Kind.PACKAGE
        stated["variant"] = stated.get("variant") or (split_variant(version)[1] if version else None)
        stated["origin"] = masked(origin) if origin else None
        return Pin(
            name=normalized(name),
            package=package_of(name, stated.get("ecosystem", "pypi")),
            at=at,
            version=version,
            layer=layer,
            marker=scope.marker,
            groups=scope.groups,
            under_extras=scope.under_extras,
            platforms=scope.platforms,
            parts=scope.parts,
            step=scope.step,
            optional=scope.optional,
            **stated,
        )

    def unread(
        self,
        why: str,
        at: Place | None = None,
        *,
        what: str = "",
        package: str | None = None,
        template: bool = False,
        scope: PinScope = EVERYWHERE,
    ) -> Unread:
        """Something of this document that is not understood; `what` is masked and cut."""
        shown = masked(what.strip())
        # A grammar may quote a part of a password that its own signs have cut out of an address.
        why = why if shown == what.strip() else _QUOTED.sub(lambda part: part[0] if part[1] in shown else "`***`", why)
        return Unread(
            at=at or self.place(),
            why=why,
            what=shown[:200],
            package=package,
            template=template,
            step=scope.step if scope.is_certain and ";" not in what else 0,
            parts=scope.parts,
        )

    def guarded(self, nodes: Iterable[Node | Unread], read: Callable[[Node], Iterable[T]]) -> Iterator[T | Unread]:
        """What `read` makes of each node; a malformed node becomes an Unread and the others go on."""
        for node in nodes:
            if isinstance(node, Unread):
                yield node
                continue
            try:
                yield from read(node)
            except Malformed as error:
                yield self.unread(str(error), self.at(*error.route))

    def at_route(self, route: Route) -> Place:
        """`at` for a route in one piece."""
        return self.at(*route)


def _declared_encoding(data: bytes) -> str | None:
    """The encoding that a comment in the first two lines declares."""
    first = data.find(b"\n") + 1
    for start in (0, first) if first else (0,):
        end = data.find(b"\n", start, start + CODING_COLUMNS)
        line = data[start : end if end >= 0 else start + CODING_COLUMNS]
        declared = _CODING.match(line) if b"coding" in line else None
        if declared:
            return declared.group(1).decode("ascii")
    return None


def _decoded(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError:
        raise Unreadable(f"it declares the unknown encoding {encoding!r}") from None
    except UnicodeDecodeError as error:
        from mlaudit.document.lines import line_at

        line = line_at(data, error.start)
        raise Unreadable(f"it is not valid {encoding.upper()} (byte {error.start})", line) from None
    except UnicodeError:
        raise Unreadable(f"it is not valid {encoding.upper()}") from None

"""Terraform's language as far as it names images: resources, and the texts that variables and locals stand for.

https://developer.hashicorp.com/terraform/language/syntax/configuration
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mlaudit.document.document import Document
from mlaudit.document.lines import line_and_column
from mlaudit.model.errors import Unreadable
from mlaudit.model.lazy_dataclass import dataclass
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.nouns import Place

MAX_FILES = 50
"""Files of one folder whose variables are looked at."""
MAX_DEPTH = 5
"""Variables inside variables that are followed."""
MAX_TEXT = 1_024
"""Characters of a text that is put together."""

_TOKEN = lazy_pattern(
    r"#[^\n]*|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/|<<-?[ \t]*(\w{1,100})[ \t]*\n|[{}]"
    r'|"((?:[^"\\$\n]|\\.|\$(?!\{)|\$\{[^{}\n]{0,400}\})*)"'
)
_HEADER = lazy_pattern(r'\b(resource|variable|locals)[ \t]*(?:"([\w-]{1,200})")?[ \t]*(?:"([\w-]{1,200})")?[ \t\n]*$')
_KEY = lazy_pattern(r'([A-Za-z_][\w-]{0,100})"?[ \t]*[=:][ \t]*$')
_REFERENCE = lazy_pattern(
    r"(?m)(?:^|[{,])[ \t]*([A-Za-z_][\w-]{0,100})[ \t]*=[ \t]*((?:var|local)\.[\w-]{1,200})[ \t]*(?=$|[},#/])"
)
_INTERPOLATION = lazy_pattern(r"\$\{[ \t]*((?:var|local)\.[\w-]{1,200})[ \t]*\}")
_SETTING = lazy_pattern(r'(?m)^[ \t]*([\w-]{1,200})[ \t]*=[ \t]*"([^"\n\\$]{0,1000})"[ \t]*$')
_IMAGE_KEYS = frozenset(("image", "image_uri", "imageuri", "trainingimage", "container_image", "docker_image"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformSetting:
    """A key with the text that it is set to; its place is that of the text."""

    key: str
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TerraformBlock:
    """A block at the top of a file: `resource "aws_sagemaker_model" "churn" {`."""

    kind: str
    type: str
    name: str
    start: int
    settings: tuple[TerraformSetting, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedImage:
    """An image that a resource names, with all keys of the resource that name it."""

    part: str
    type: str
    keys: tuple[str, ...]
    text: str
    at: Place
    resource: Place


def named_images(doc: Document) -> list[NamedImage]:
    """The images of a file's resources, each once; what only a run would give is left out. Raises Unreadable."""
    text = doc.text
    blocks = list(_blocks(text))
    resources = [block for block in blocks if block.kind == "resource"]
    values = _values(doc, blocks) if any(_is_open(block) for block in resources) else {}
    images: list[NamedImage] = []
    for block in resources:
        by_text: dict[str, list[TerraformSetting]] = {}
        for setting in block.settings:
            full = _filled(setting.text, values)
            if setting.key.lower() in _IMAGE_KEYS and _is_image(full):
                by_text.setdefault(full.rpartition("/")[2], []).append(setting)
        for number, settings in enumerate(by_text.values(), 1):
            first = settings[0]
            full = _filled(first.text, values)
            images.append(
                NamedImage(
                    part=f"{block.type}.{block.name}{f'-{number}' if number > 1 else ''}",
                    type=block.type,
                    keys=tuple(dict.fromkeys(setting.key for setting in settings)),
                    text=full,
                    at=_place(doc, text, first.start, first.end),
                    resource=_place(doc, text, block.start),
                )
            )
    return images


def _is_open(block: TerraformBlock) -> bool:
    return any("var." in setting.text or "local." in setting.text for setting in block.settings)


def _is_image(text: str) -> bool:
    """Whether a text names an image, of which at most the registry is open."""
    name = text.rpartition("/")[2]
    return "$" not in name and ":" in name and not text.startswith(("http:", "https:", "s3:"))


def _place(doc: Document, text: str, start: int, end: int | None = None) -> Place:
    line, column = line_and_column(text, start)
    return doc.place(line, column, start, end) if end is not None else doc.place(line, column)


def _blocks(text: str) -> Iterator[TerraformBlock]:
    """The blocks at the top of a file that are of a kind that matters."""
    depth, begins = 0, 0
    header: re.Match[str] | None = None
    settings: list[TerraformSetting] = []
    for token in _tokens(text):
        if token[0] == "{":
            if depth == 0:
                header, settings = _HEADER.search(text, max(begins, token.start() - 500), token.start()), []
            depth += 1
        elif token[0] == "}":
            depth = max(depth - 1, 0)
            begins = token.end()
            if depth == 0 and header is not None:
                yield _block(header, [*settings, *_references(text, header.end(), token.start())])
                header = None
        elif depth and header is not None:
            settings += _setting(text, token)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    """Braces and texts; comments and texts of several lines are passed over."""
    at = 0
    while (token := _TOKEN.search(text, at)) is not None:
        at = token.end()
        if token[1] is not None:
            end = re.compile(rf"^[ \t]*{re.escape(token[1])}\b", re.MULTILINE).search(text, at)
            at = end.end() if end is not None else len(text)
        elif token[2] is not None or token[0] in ("{", "}"):
            yield token


def _setting(text: str, token: re.Match[str]) -> Iterator[TerraformSetting]:
    key = _KEY.search(text, max(0, token.start() - 150), token.start())
    if key is not None:
        yield TerraformSetting(key=key[1], text=token[2], start=token.start(2), end=token.end(2))


def _block(header: re.Match[str], settings: list[TerraformSetting]) -> TerraformBlock:
    return TerraformBlock(
        kind=header[1],
        type=header[2] or "",
        name=header[3] or header[2] or "",
        start=header.start(),
        settings=tuple(settings),
    )


def _references(text: str, start: int, end: int) -> Iterator[TerraformSetting]:
    """`image = var.image`, as the text that it is short for."""
    for match in _REFERENCE.finditer(text, start, end):
        yield TerraformSetting(key=match[1], text=f"${{{match[2]}}}", start=match.start(2), end=match.end(2))


def _values(doc: Document, blocks: list[TerraformBlock]) -> Mapping[str, str]:
    """What variables and locals of the folder stand for; a file of values goes before a default."""
    values = dict(_stated(blocks))
    own = doc.path.rpartition("/")[2]
    names = [name for name in doc.names("") if name.endswith((".tf", ".tfvars")) and name != own]
    texts = {name: text for name in names[:MAX_FILES] if (text := _text(doc, name)) is not None}
    for name, text in texts.items():
        if name.endswith(".tf"):
            values = {**dict(_stated(list(_blocks(text)))), **values}
    for name, text in texts.items():
        if name == "terraform.tfvars" or name.endswith(".auto.tfvars"):
            values |= {f"var.{match[1]}": match[2] for match in _SETTING.finditer(text)}
    return values


def _text(doc: Document, name: str) -> str | None:
    neighbour = doc.beside(name)
    try:
        return neighbour.text if neighbour is not None else None
    except Unreadable:
        return None


def _stated(blocks: list[TerraformBlock]) -> Iterator[tuple[str, str]]:
    for block in blocks:
        for setting in block.settings:
            if block.kind == "variable" and setting.key == "default":
                yield f"var.{block.name}", setting.text
            elif block.kind == "locals":
                yield f"local.{setting.key}", setting.text


def _filled(text: str, values: Mapping[str, str]) -> str:
    for _ in range(MAX_DEPTH):
        filled = _INTERPOLATION.sub(lambda match: values.get(match[1], match[0]), text)
        if filled == text or len(filled) > MAX_TEXT:
            break
        text = filled
    return text

"""Shell parameters (`$X`, `${X:-default}`, `${X%.*}`, `${X//./}`) and expressions of CI systems, from known values."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlaudit.document.budget import BudgetExceeded, Limit, spend
from mlaudit.model.globs import glob
from mlaudit.model.lazy_pattern import lazy_pattern
from mlaudit.model.secrets import MASK, names_secret

VALUE = Limit(name="characters in one variable", most=65_536)
"""Variables that are made of themselves double with every line."""
EXPANDED = Limit(name="characters of expanded variables", most=1_000_000)
"""Characters that variables stand for, in all places of one document where they are named."""
MAX_CUT = 4096
"""Characters of a value from which a pattern may cut; nothing is known of a longer one."""

_BRACED = lazy_pattern(r"\$\{([A-Za-z_]\w{0,127})(?:(:?[-+=?]|%%?|##?|//?|:)((?:[^{}]|\{[^{}]*\})*))?\}")
_PLAIN = lazy_pattern(r"\$([A-Za-z_]\w{0,127})")
_EXPRESSION = lazy_pattern(r"\$\{\{[ \t]*([\w.\-]{1,128})[ \t]*\}\}")
_LENGTH = lazy_pattern(r"\$\{#([A-Za-z_]\w{0,127})\}")
_OPENING = lazy_pattern(r"\$(?:[A-Za-z_{(@*#?!$0-9]|\{\{)")
_PLACEHOLDER = lazy_pattern(r"\$?\{\{[ \t]*([\w.-]{1,128})[ \t]*\}\}|\$\{?([A-Za-z_]\w{0,127})\}?")
_QUOTED = lazy_pattern(r"\"([^\"]*)\"|'([^']*)'")
_SLICE = lazy_pattern(r"[ ]?(\d{1,4})(?::(\d{1,4}))?")


def within(value: str) -> str:
    """A value that a variable gets. Raises BudgetExceeded where it is too long."""
    if len(value) > VALUE.most:
        raise BudgetExceeded(VALUE)
    return value


def reference(text: str, position: int) -> re.Match[str] | None:
    """The parameter or expression that begins at a `$`, None if it is none of the known forms."""
    forms = (_EXPRESSION, _BRACED, _LENGTH, _PLAIN)
    return next((match for form in forms if (match := form.match(text, position))), None)


def is_opening(text: str, position: int) -> bool:
    """Whether the `$` at a position begins an expansion of any form."""
    return _OPENING.match(text, position) is not None


def value_of(match: re.Match[str], values: Mapping[str, str]) -> str | None:
    """What a reference stands for, None if that is not known; a credential stays masked. Raises BudgetExceeded."""
    value = _value_of(match, values)
    if value and names_secret(match.group(1)) and not _stands_for_another(match):
        value = MASK
    if value:
        spend(EXPANDED, len(within(value)))
    return value


def _stands_for_another(match: re.Match[str]) -> bool:
    """Whether nothing of the variable's own value is in what a reference stands for: `${#X}`, `${X:+other}`."""
    return match.re.pattern == _LENGTH.pattern or (match.re.groups > 1 and (match.group(2) or "").endswith("+"))


def _value_of(match: re.Match[str], values: Mapping[str, str]) -> str | None:
    known = values.get(match.group(1))
    if match.re.pattern == _LENGTH.pattern:
        return None if known is None else str(len(known))
    if match.re.pattern != _BRACED.pattern or match.group(2) is None:
        return known
    operator, operand = match.group(2), match.group(3)
    if operator.lstrip(":") in ("-", "=", "?", "+") and operator != ":":
        return _default(known, operator, operand, values)
    argument = expanded(operand, values)
    return None if known is None or argument is None else _edited(known, operator, argument)


def _default(known: str | None, operator: str, operand: str, values: Mapping[str, str]) -> str | None:
    """`-`, `=`, `?` and `+`; with a colon an empty value counts as none."""
    is_set = known is not None and not (operator.startswith(":") and not known)
    operand = _QUOTED.sub(lambda match: match.group(1) or match.group(2) or "", operand)
    if operator.endswith("+"):
        return expanded(operand, values) if is_set else ""
    if is_set or operator.endswith("?"):
        return known
    return expanded(operand, values)


def _edited(value: str, operator: str, argument: str) -> str | None:
    if operator in ("/", "//"):
        old, _, new = argument.partition("/")
        old = old.replace("\\", "")
        return _replaced(value, old, new, -1 if operator == "//" else 1) if old else value
    if operator == ":":
        part = _SLICE.fullmatch(argument)
        if part is None:
            return None
        start = int(part.group(1))
        return value[start : start + int(part.group(2))] if part.group(2) else value[start:]
    return _without_end(value, operator, argument)


def _replaced(value: str, old: str, new: str, count: int) -> str:
    """Raises BudgetExceeded before the value gets too long."""
    times = value.count(old) if count < 0 else count
    if len(value) + times * (len(new) - len(old)) > VALUE.most:
        raise BudgetExceeded(VALUE)
    return value.replace(old, new, count)


def _without_end(value: str, operator: str, pattern: str) -> str | None:
    """`%`, `%%`: what matches is cut from the end; `#`, `##`: from the front; the doubled one cuts the most."""
    tail = operator[0] == "%"
    matcher = glob(pattern, reverse=tail)
    if matcher is None or len(value) > MAX_CUT:
        return None
    spend(EXPANDED, len(value))
    lengths = list(matcher.ends(value[::-1] if tail else value))
    if not lengths:
        return value
    length = lengths[-1] if len(operator) == 2 else lengths[0]
    return value[: len(value) - length] if tail else value[length:]


def expanded(text: str, values: Mapping[str, str]) -> str | None:
    """A text with every reference replaced; None if one has no value here. Raises BudgetExceeded."""
    pieces: list[str] = []
    position = 0
    while (dollar := text.find("$", position)) >= 0:
        pieces.append(text[position:dollar])
        match = reference(text, dollar)
        value = value_of(match, values) if match else None
        if value is None and (match or is_opening(text, dollar)):
            return None
        pieces.append(value if value is not None else "$")
        position = match.end() if match else dollar + 1
    pieces.append(text[position:])
    return "".join(pieces)


def defined(text: str, values: Mapping[str, str]) -> str:
    """A text of a configuration file with the placeholders that have a value (`$X`, `${X}`, `{{ X }}`) replaced."""
    if "$" not in text and "{{" not in text:
        return text

    def value(match: re.Match[str]) -> str:
        name = match.group(1) or match.group(2)
        return MASK if name in values and names_secret(name) else values.get(name, match.group(0))

    return _PLACEHOLDER.sub(value, text)


_TEMPLATE = lazy_pattern(r"\{\{|\{%|\$\{|\$[A-Za-z_(]|\{[A-Za-z_]\w{0,64}\}|<[A-Za-z_][\w-]{0,64}>")


# Known places rather than templates: build tools fill them with the project's own folder.
_KNOWN_PLACES = ("${PROJECT_ROOT}", "{root:uri}", "{root:parent:uri}", "{root}")


def is_template(text: str) -> bool:
    """Whether a text holds a placeholder that has no value here (`${X}`, `$X`, Jinja's or cookiecutter's braces)."""
    for known in _KNOWN_PLACES:
        text = text.replace(known, "")
    return _TEMPLATE.search(text) is not None

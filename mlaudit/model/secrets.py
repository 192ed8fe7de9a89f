"""Credentials in text, masked before anything is printed or kept: one function, applied where text enters a report.

Passwords are looked for where addresses, commands and headers carry them, and by the shapes of well-known tokens.
Addresses with characters that RFC 3986 forbids in a password (`@`, `/`, `?`, `#`) are masked too, since people write
them. Every search is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from mlaudit.model.lazy_pattern import lazy_pattern

MASK = "***"

_WORD = lazy_pattern(r"[^\s\"'<>`]+")
# One slash is what is left where an address went through a path; JSON and Windows write others.
_SCHEME = lazy_pattern(
    r"(?i)(?<![a-z0-9+.-])(?:[a-z][a-z0-9+.-]{1,30}:(?:\\?[\\/]){2}|(?:(?:git|hg|svn|bzr)\+)?(?:https?|ftps?|ssh|s3|gs):[\\/])"
)
_AUTHORITY_END = lazy_pattern(r"[/\\?#]|$")
_PORT = lazy_pattern(r"\d{0,5}|\*{1,3}|[$<{%].*")
_HOST = lazy_pattern(
    r"(?i)(?:localhost|\[[0-9a-f:.]{2,64}\]|(?:\d{1,3}\.){3}\d{1,3}|(?:[a-z0-9_-]{1,63}\.){1,16}[a-z]{2,32})(?=:\d{1,5}(?:[/\\?#]|$)|[/\\?#])"
)
_DECLARED_USERS = frozenset({"git"})
"""Users that every client of a service shares, so that they are no secret."""

# Anaconda's servers take a token in the path, https://host/t/TOKEN/channel
_CHANNEL_TOKEN = lazy_pattern(r"(?<=/t/)[^/\s\"'?#]+(?=[/?#\s\"']|$)")
# the same without a scheme, where a name with dots shows that a server is meant
_TOKEN_OF_HOST = lazy_pattern(
    r"(?<![\w./:@-])((?:[A-Za-z0-9_-]{1,63}\.){1,8}[A-Za-z]{2,32}(?::\d{1,5})?/t/)[^/\s\"'?#]+(?=/)"
)

_PARAMETERS = (
    r"[\w.$-]{0,64}(?:token|secret|passw|passphrase|pwd|signature|credential|api[_-]?key|access[_-]?key|accessid"
    r"|private[_-]?key|auth|jwt|session)[\w.-]{0,64}"
    r"|(?:[\w.$-]{0,64}[_.-])?(?:key|sig|code|pass|pw|sas|sid)"
)
_QUERY = lazy_pattern(
    rf"(?i)((?:[?&;]|%3f|%26)(?:amp;)?(?:{_PARAMETERS})(?:=|%3d))[^&\s#;'\"<>%]+(?:%(?!26)[^&\s#;'\"<>%]*)*"
)
_ASSIGNMENT = lazy_pattern(
    r"(?<![\w.?&;-])((?:--?)?([A-Za-z_$][\w.-]{0,127})=)(\"[^\"\n]+\"|'[^'\n]+'|[^\s\"'$&;|<>*][^\s\"'&;|<>]*)"
)
_SECRET_NAME = lazy_pattern(
    r"(?i).*(?:token|secret|password|passwd|passphrase|(?:api|access|private|secret|encryption)[_-]?key|credentials?"
    r"|[_.-](?:auth|jwt|pass|pwd|pw)|^(?:auth|jwt|pass|pw))"
)
_OPTION = lazy_pattern(
    r"(?i)((?<![\w-])--(?:[a-z0-9-]{0,32}-)?(?:password|passwd|token|secret|api-key|access-key)[ \t]+)"
    r"(?![-$*])[^\s\"']+"
)
_HEADER = lazy_pattern(
    r"(?i)(\bauthorization[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?(?:(?:bearer|basic|token|digest)[ \t]{1,4})?)"
    r"(?!\*\*\*)[^\s\"']+"
)
_BEARER = lazy_pattern(r"(?i)(\b(?:bearer|basic)[ \t]{1,4})(?=[\w.~+/-]{0,512}\d)[\w.~+/-]{16,}=*")
_ENCODED_USER = lazy_pattern(r"(?i)(%3a(?:%2f){2})(?:(?!%2f|%40)[^\s\"'<>&/?#])+(?=%40)")
_SCP = lazy_pattern(
    r"(?<![\w./:@+-])[\w.+-]{1,64}:[^\s@:/\"']{1,512}@(?=(?:[A-Za-z0-9_-]{1,63}\.){1,16}[A-Za-z]{2,32}[:/])"
)

# The prefixes are what the services document: GitHub, GitLab, Hugging Face, AWS, Slack, OpenAI, npm, Google, JWT.
_TOKEN = lazy_pattern(
    r"(?<![A-Za-z0-9])(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|hf_[A-Za-z0-9]{16,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Z])|xox[abprs]-[\w-]{10,}|sk-(?:proj-|ant-)?[A-Za-z0-9_]{20,}[\w-]*"
    r"|pypi-AgE[\w-]{32,}|npm_[A-Za-z0-9]{30,}|AIza[\w-]{35}|ya29\.[\w-]{20,}|dop_v1_[0-9a-f]{32,}"
    r"|eyJ[\w-]{8,}\.eyJ[\w-]{4,}(?:\.[\w-]*)?)"
)
_PRIVATE_KEY = lazy_pattern(r"(-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----).*?(?=-----END|\Z)", re.DOTALL)

# What every pattern above needs, in lower case: a text that holds none of them is ruled out at once.
_ADDRESS_SIGNS = (":/", ":\\", "@", "%3a%2f", "/t/")
_WORD_SIGNS = (
    "token",
    "secret",
    "pass",
    "pwd",
    "pw",
    "key",
    "cred",
    "auth",
    "jwt",
    "sig",
    "code",
    "sas",
    "sid",
    "session",
)
_TOKEN_SIGNS = (
    *(
        "bearer",
        "basic",
        "-----",
        "ghp_",
        "gho_",
        "ghu_",
        "ghs_",
        "ghr_",
        "github_pat",
        "glpat-",
        "hf_",
        "akia",
        "asia",
    ),
    *("xox", "sk-", "pypi-a", "npm_", "aiza", "ya29", "dop_v1", "eyj"),
)

_BEHIND_A_WORD = (
    (("=", "%3d"), _QUERY),
    (("--",), _OPTION),
    (("auth",), _HEADER),
    (("bearer", "basic"), _BEARER),
    (("-----begin",), _PRIVATE_KEY),
)
"""Patterns of a secret behind something that stays, each with what it needs in lower case; compiling one takes long."""


@lru_cache(maxsize=16384)
def may_hold_secret(text: str) -> bool:
    """Whether a text is worth a closer look; nearly all are not, and this costs less than a microsecond."""
    lowered = text.lower()
    return (
        any(sign in lowered for sign in _ADDRESS_SIGNS)
        or any(sign in lowered for sign in _WORD_SIGNS)
        or any(sign in lowered for sign in _TOKEN_SIGNS)
    )


@lru_cache(maxsize=4096)
def masked(text: str) -> str:
    """The text with user names, passwords and tokens replaced by `***`; the user `git` of an address stays."""
    if not may_hold_secret(text):
        return text
    lowered = text.lower()
    text = _mask_addresses(text)
    if "%3a%2f" in lowered:
        text = _ENCODED_USER.sub(rf"\g<1>{MASK}", text)
    if "=" in text:
        text = _ASSIGNMENT.sub(_mask_assignment, text)
    for signs, pattern in _BEHIND_A_WORD:
        if any(sign in lowered for sign in signs):
            text = pattern.sub(rf"\g<1>{MASK}", text)
    if "@" in text:
        text = _SCP.sub(f"{MASK}@", text)
    return _TOKEN.sub(MASK, text) if any(sign in lowered for sign in _TOKEN_SIGNS) else text


def _mask_addresses(text: str) -> str:
    """User parts and the tokens of channels, of every address in the text."""
    if (":/" in text or ":\\" in text) and _SCHEME.search(text) is not None:
        text = _WORD.sub(lambda word: _mask_users(word[0]), text)
        return _CHANNEL_TOKEN.sub(MASK, text)
    return _TOKEN_OF_HOST.sub(rf"\g<1>{MASK}", text) if "/t/" in text else text


def names_secret(variable: str) -> bool:
    """Whether the name of a variable or an option says that its value is a credential."""
    return _SECRET_NAME.fullmatch(variable) is not None


def without_credentials(address: str) -> str:
    """A masked address without the mask of its user part: two addresses that differ by credentials alone are equal."""
    return address.replace(f"{MASK}@", "")


def _mask_assignment(match: re.Match[str]) -> str:
    return f"{match[1]}{MASK}" if names_secret(match[2]) else match[0]


def _mask_users(word: str) -> str:
    """One word of a text with the user part of every address in it masked."""
    if ":" not in word:
        return word
    parts: list[str] = []
    done = 0
    for start, end in _user_parts(word):
        parts += [word[done:start], MASK]
        done = end
    return "".join((*parts, word[done:]))


def _user_parts(word: str) -> Iterator[tuple[int, int]]:
    """Start and end of each user part; the `@` that ends it is not part of it."""
    last_sign = word.rfind("@")
    last_host = _last_host(word)
    done = 0
    for scheme in _SCHEME.finditer(word):
        start = scheme.end()
        if start < done:
            continue
        end = _AUTHORITY_END.search(word, start)
        authority = word[start : end.start() if end else len(word)]
        user, sign, _ = authority.rpartition("@")
        if user in _DECLARED_USERS or (not sign and not _has_password(authority, followed=last_host > start)):
            continue
        # A password with a slash goes on behind the authority, up to the last `@` that a host follows; one that a shell
        # has cut off has no `@` at all.
        ends = start + len(user) if sign else (last_sign if last_sign > start else start + len(authority))
        ends = max(ends, last_host)
        if ends > start:
            yield start, ends
        done = max(start, ends)


def _has_password(authority: str, *, followed: bool) -> bool:
    """Whether what precedes the first slash is no host with a port, so that it begins a user and a password.

    Args:
        authority: the text before the slash, without an `@`.
        followed: an `@` and a host name come later; then a number may begin a password behind a name without dots.
    """
    host, colon, port = authority.rpartition(":")
    if not colon or host.startswith("["):
        return False
    return _PORT.fullmatch(port) is None or (followed and "." not in host and host.lower() != "localhost")


def _last_host(word: str) -> int:
    """Where the last `@` stands that a host name and a path follow, -1 if there is none."""
    position = len(word)
    for _ in range(64):
        position = word.rfind("@", 0, position)
        if position < 0 or _HOST.match(word, position + 1):
            return position
    return -1

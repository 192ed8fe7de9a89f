"""Credentials in addresses, masked before anything is printed or kept."""

from __future__ import annotations

import re

_USER = re.compile(r"(?<=://)[^/\s@'\"]{1,512}@")
_QUERY = re.compile(
    r"(?i)([?&;](?:[\w-]{0,32}(?:token|key|secret|password|passwd|signature|sig|auth|credential)[\w-]{0,16})=)[^&\s#;'\"]+"
)

# Anaconda's servers take a token in the path, https://host/t/TOKEN/channel
_CHANNEL_TOKEN = re.compile(r"(?<=/t/)[\w-]{2,512}(?=/)")


def masked(text: str) -> str:
    """The text with user names, passwords and tokens of addresses replaced by `***`; `git@` stays."""
    if "://" not in text:
        return text
    text = _USER.sub(lambda found: found.group(0) if found.group(0) == "git@" else "***@", text)
    return _CHANNEL_TOKEN.sub("***", _QUERY.sub(r"\1***", text))

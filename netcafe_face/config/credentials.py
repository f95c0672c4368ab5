"""Keeping the passwords of cameras out of files and logs."""

from __future__ import annotations

import re

_USER_PART = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*://)(?P<rest>[^\s\"'<>]*)", re.IGNORECASE)
_SECRET_VALUE = re.compile(
    r"(?P<key>\b(?:password|passwd|passwort|passphrase|pass|pwd|token|secret|auth|user|username|usr)=)"
    r"[^&;/?#\s\"'<>]*",
    re.IGNORECASE,
)
_HOST_AND_PORT = re.compile(r"[^:]*|(\[[0-9a-f:.%]+\]|[^:]*\.[^:]*|localhost):\d{0,5}", re.IGNORECASE)


def without_credentials(text: str) -> str:
    """Remove user names and passwords from every address in a text.

    Both places that camera makers use are covered: `rtsp://user:password@host/…`, even with an unescaped
    `/`, `?`, `#` or `@` in the password, and `…?user=admin&password=secret`, whose values are emptied.
    An `@` further along in a path stays, as long as what comes before it reads like a host and a port; a host
    name without a dot, followed by a port, is taken for a user and a password there.
    """
    return _USER_PART.sub(_bare, text)


def _bare(address: re.Match[str]) -> str:
    rest = address["rest"]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if "@" in authority or ("@" in rest and not _HOST_AND_PORT.fullmatch(authority)):
        reach = len(authority) if "@" in authority else len(rest)
        rest = rest[rest.rindex("@", 0, reach) + 1 :]
    return address["scheme"] + _SECRET_VALUE.sub(r"\g<key>", rest)

"""Free text without its secrets: user agents, errors, paths, URLs and names lose what looks like a token and
what stands where a secret stands by custom, and keep the rest.

Nearly every text holds nothing of the kind. One look by an engine that takes all of it at once says so
(``suspicious``: Rust's ``regex``, as pydantic brings it, half a microsecond); only what it points at is read
again, letter by letter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from pydantic_core import SchemaValidator, core_schema

from schemas import token_shapes
from schemas.masking import MASK

Mask = Callable[[str], str]
"""What stands for a secret."""

SECRET_WORD = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|client_?secret|secret_?(?:access_?)?key|api_?key|apikey"
    r"|access_?key_?secret|(?:access|auth|refresh|id|session|security|bearer|api|private|vault|csrf)_?token|token"
    r"|session(?:_?id|_?key)?|private_?key|account_?key|shared_?access_?key|shared_?key|signing_?key|encryption_?key|master_?key"
    r"|credentials?|(?:client_)?assertion|saml_?(?:response|request)|sig|signature|hmac|jwt|otp|pin"
)
"""Names of fields, parameters and settings whose value is a secret by custom."""

PARAMETER = rf"(?:[\w.-]{{0,40}}[-_.])?(?:{SECRET_WORD}|code|key|auth|authorization|sid)"
"""In the query of a URL, where short words are parameters too."""

URL_LOGIN = re.compile(
    r"(?P<before>[A-Za-z][A-Za-z0-9+.-]{1,20}://|^//)"
    r"(?P<secret>[^\s/@\"'<>]*:(?!\d{1,5}/)[^\s@\"'<>]*|[^\s/@\"'<>]{16,})(?=@)"
)
"""User and password, or a token, before a host (RFC 3986, section 3.2.1, calls the form a risk); a short name
alone (``git@``) stays."""

IN_QUERY = re.compile(rf"(?P<before>[?&;#](?i:{PARAMETER})=)(?P<secret>[^&\s\"'<>#;]+)")

ASSIGNED = re.compile(
    rf"(?P<before>(?<![A-Za-z0-9])(?i:(?:[\w.-]{{0,40}}[-_.])?(?:{SECRET_WORD}))[\"']?\s?(?:=|:=|=>)\s?[\"']?"
    rf"|[\"'](?i:(?:[\w.-]{{0,40}}[-_.])?(?:{SECRET_WORD}))[\"']\s?:\s?[\"']"
    rf"|(?<![A-Za-z0-9])(?i:pass(?:word|wd|phrase)|pwd|client_?secret|secret_?(?:access_?)?key|api_?key"
    r"|(?:access|auth|refresh)_?token|private_?key|account_?key): [\"']?)"
    r"(?P<secret>[^\s\"'&;,<>]{4,})"
)
"""``password=…``, ``"client_secret": "…"``, ``api_key: …``."""

IN_HEADER = re.compile(
    r"(?P<before>(?<![A-Za-z0-9])(?i:(?:proxy-)?authorization|x-[\w-]*(?:key|token|auth|secret|signature)[\w-]*|(?:set-)?cookie)"
    r"[\"']?\s?[:=]\s?[\"']?(?:(?i:bearer|basic|token|digest|negotiate|ssws|apikey|aws4-hmac-sha256)\s+)?)"
    r"(?P<secret>[^\s\"'<>;]{4,}(?:;\s?[\w.-]+=[^\s\"'<>;]*)*)"
)
"""``Authorization: …``, ``X-Api-Key: …``, ``Cookie: …`` (RFC 9110, section 11.6.2; RFC 6265)."""

AFTER_SCHEME = re.compile(
    r"(?P<before>(?<![A-Za-z0-9])(?i:bearer|basic|token|ssws|apikey|negotiate)(?:\s+|%20|\+))"
    r"(?P<secret>(?=[\w.~+/%-]*(?:\d|[a-z][A-Z]|=))[\w.~+/%-]{8,}=*)"
)
"""``Bearer …`` and its like (RFC 6750, RFC 7617): a word that is no word of a sentence."""

KEY_LETTERS = 40
LONG_RUN = re.compile(r"[A-Za-z0-9/+]{40,}")
"""In it may stand a secret access key of AWS: 40 letters of Base64 (IAM user guide, "Manage access keys for
IAM users"). Another slash may stand before and after it."""
TURNS_MIN = 14
"""Changes between small letters, capitals, digits and signs in such a key: by chance 24 of 39, in names and
paths of that length below ten."""

SLASHES_MAX = 50
"""Slashes in a run after which a key is looked for: a path has ten."""

CUT_AT = 200
"""Letters from which on a text may have been cut in the middle of a token."""

CUT_WITHIN = 1_024
"""Letters from the end in which it would have begun; a whole text would be read again from each of them."""

BY_CUSTOM = (URL_LOGIN, IN_HEADER, AFTER_SCHEME, IN_QUERY, ASSIGNED)

_ANYWHERE, _ALONE = token_shapes.beginnings()
_SIGNS = (
    # Beginnings of tokens.
    f"(?:{_ANYWHERE})|(?:^|[^A-Za-z0-9_-])(?:{_ALONE})[A-Za-z0-9_-]{{6}}",
    # Marks inside of them; forty letters of Base64.
    r"[0-9]Q~|AZDO|[A-Za-z0-9+/]==|[0-9a-z]{8}-us[0-9]|(?:^|[^0-9])[0-9]{8,10}:[A-Za-z0-9_-]{12}|\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{20}"
    r"|[A-Za-z0-9/+]{40}",
    # Where a secret stands by custom.
    r"//[^ ]*@|(?i-u:bearer|basic|token|ssws|apikey|negotiate)(?: |\t|%20|\+)"
    r"|(?i-u:pass[a-z_]*|pwd|secret[a-z_]*|token|key|credentials?|assertion|response|request|signature|sig|hmac"
    r"|jwt|otp|pin|code|auth|authorization|cookie|session(?:_?id|_?key)?|sid)[\"']?[ ]?(?:=|:[ =\"'])"
    r"|(?i-u:x-[a-z-]*(?:key|token|auth|secret|signature)[a-z-]*|authorization|cookie)[\"']?[ ]?[=:]",
)
_first, _second, _third = (
    SchemaValidator(core_schema.str_schema(pattern=signs)).isinstance_python for signs in _SIGNS
)
"""Three, since one of all would have more states than the engine keeps."""


_drawn = SchemaValidator(
    core_schema.str_schema(
        pattern="^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}:[0-9a-f]{16})$"
    )
).isinstance_python
"""Ids as most events have them: a UUID, a span's with its trace's. No token has that form."""


def suspicious(text: str) -> bool:
    """Says whether a text may hold a secret: what it answers with no to holds none that is known here."""
    return _first(text) or _second(text) or _third(text)


def suspicious_id(text: str) -> bool:
    """Returns the same of an event's id, at less cost where it is an ordinary one."""
    return not _drawn(text) and suspicious(text)


def scrubbed(text: str, mask: Mask) -> str:
    """Returns the text with what stands for each secret in its place."""
    if not suspicious(text):
        return text
    text = token_shapes.TOKEN.sub(lambda found: mask(found[0]), text)
    for sign, form in token_shapes.ODD:
        if sign in text:
            text = form.sub(lambda found: mask(found[0]), text)
    for form in BY_CUSTOM:
        text = form.sub(lambda found: found["before"] + _masked(found["secret"], mask), text)
    text = LONG_RUN.sub(lambda found: _without_key(found[0], mask), text)
    if len(text) >= CUT_AT:
        start = max(0, len(text) - CUT_WITHIN)
        text = text[:start] + token_shapes.CUT.sub(lambda found: mask(found[0]), text[start:])
    return text


def _masked(secret: str, mask: Mask) -> str:
    return secret if MASK.fullmatch(secret) else mask(secret)


def _without_key(run: str, mask: Mask) -> str:
    starts = [0, *(found.end() for found in re.finditer("/", run))]
    for start in starts[:SLASHES_MAX]:
        end = start + KEY_LETTERS
        if run[end : end + 1] in ("", "/") and _is_chance(run[start:end]):
            return run[:start] + mask(run[start:end]) + run[end:]
    return run


def _is_chance(text: str) -> bool:
    if len(text) < KEY_LETTERS:
        return False
    kinds = [1 if c.islower() else 2 if c.isupper() else 3 if c.isdigit() else 4 for c in text]
    return {1, 2, 3} <= set(kinds) and sum(a != b for a, b in pairwise(kinds)) >= TURNS_MIN

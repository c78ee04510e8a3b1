"""Secrets of every kind, drawn anew, and records with one of them in each place where a text stands."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable, Iterator
from typing import Any

ALNUM = string.ascii_letters + string.digits
URL = ALNUM + "-_"


class Maker:
    """Draws secrets; the same seed, the same ones."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def some(self, letters: str, number: int) -> str:
        return "".join(self._chance.choice(letters) for _ in range(number))

    def jwt(self) -> str:
        head = base64.urlsafe_b64encode(b'{"alg":"RS256","typ":"JWT"}').decode().rstrip("=")
        return f"{head}.eyJ{self.some(URL, 60)}.{self.some(URL, 86)}"

    def strong(self) -> str:
        return "w" + self.some(ALNUM + "/+", 12) + "J7" + self.some(ALNUM + "/+", 24) + "k"

    def pem(self) -> str:
        body = "\n".join(self.some(ALNUM + "+/", 64) for _ in range(3))
        return f"-----BEGIN RSA PRIVATE KEY-----\n{body}\n-----END RSA PRIVATE KEY-----"


KINDS: dict[str, Callable[[Maker], tuple[str, str]]] = {
    "github": lambda m: (s := "ghp_" + m.some(ALNUM, 36), s),
    "github_fine": lambda m: (s := "github_pat_" + m.some(ALNUM, 22) + "_" + m.some(ALNUM, 59), s),
    "gitlab": lambda m: (s := "glpat-" + m.some(URL, 20), s),
    "vault": lambda m: (s := "hvs.CAES" + m.some(URL, 86), s),
    "vault_old": lambda m: (s := "s." + m.some(ALNUM, 24), s),
    "vault_namespaced": lambda m: ((s := "hvs." + m.some(ALNUM, 24)) + ".vgcZ9", s),
    "aws_secret": lambda m: (s := m.strong(), s),
    "aws_session": lambda m: (s := "IQoJb3JpZ2lu" + m.some(ALNUM + "/+", 120), s),
    "google_key": lambda m: (s := "AIza" + m.some(URL, 35), s),
    "google_token": lambda m: (s := "ya29." + m.some(URL, 60), s),
    "azure_secret": lambda m: (s := m.some(ALNUM, 3) + "8Q~" + m.some(ALNUM + "_.-~", 34), s),
    "azure_key": lambda m: (s := m.some(ALNUM + "+/", 86) + "==", s),
    "slack": lambda m: (s := f"xoxb-{m.some(string.digits, 12)}-{m.some(ALNUM, 24)}", s),
    "stripe": lambda m: (s := "sk_live_" + m.some(ALNUM, 24), s),
    "openai": lambda m: (s := "sk-proj-" + m.some(URL, 60), s),
    "anthropic": lambda m: (s := "sk-ant-api03-" + m.some(URL, 93) + "AA", s),
    "npm": lambda m: (s := "npm_" + m.some(ALNUM, 36), s),
    "pypi": lambda m: (s := "pypi-AgEIcHlwaS5vcmc" + m.some(URL, 80), s),
    "databricks": lambda m: (s := "dapi" + m.some("0123456789abcdef", 32), s),
    "sendgrid": lambda m: (s := f"SG.{m.some(URL, 22)}.{m.some(URL, 43)}", s),
    "jwt": lambda m: (s := m.jwt(), s),
    "pem": lambda m: (s := m.pem(), s.splitlines()[1]),
    "bearer": lambda m: ("Bearer " + (s := m.some(ALNUM, 32) + "7x"), s),
    "basic": lambda m: ("Basic " + (s := base64.b64encode(m.some(ALNUM, 24).encode()).decode()), s),
    "url_login": lambda m: (f"https://svc:{(s := m.some(ALNUM, 16))}@db.example.com/x", s),
    "dsn": lambda m: (f"postgres://app:{(s := m.some(ALNUM, 12))}@10.0.0.7:5432/shop", s),
    "query": lambda m: (f"https://x.example.com/a?access_token={(s := m.some(ALNUM, 20))}&b=1", s),
    "sas": lambda m: (f"https://x.blob.core.windows.net/c?sv=2024&sig={(s := m.some(ALNUM, 43))}%3D", s),
    "setting": lambda m: (f"aws_secret_access_key={(s := m.some(ALNUM, 24))}", s),
    "password": lambda m: (f"login failed, password: {(s := m.some(ALNUM, 10) + '1!')}", s),
    "header": lambda m: (f"X-Api-Key: {(s := m.some(ALNUM, 18))}", s),
    "cookie": lambda m: (f"Cookie: session={(s := m.some(ALNUM, 18))}", s),
}
"""What is written, and the part of it that must not be found again."""

SHAPELESS: Callable[[Maker], str] = lambda m: "T" + m.some(ALNUM, 11) + "-" + m.some(ALNUM, 11)  # noqa: E731
"""A secret that looks like nothing: it must not stay where an id of a credential belongs."""

Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where texts stand in a document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from leaves(inner, (*path, i))
    elif isinstance(value, str):
        yield path


def holders(value: Any, path: Path = ()) -> Iterator[Path]:
    """Where objects stand in a document."""
    if isinstance(value, dict):
        yield path
        for name, inner in value.items():
            yield from holders(inner, (*path, name))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from holders(inner, (*path, i))


def at(document: Any, path: Path) -> Any:
    for step in path:
        document = document[step]
    return document


def planted(document: Any, path: Path, change: Callable[[Any], Any]) -> Any:
    """A copy of the document with what stands at a path changed; parts beside the path are shared."""
    if not path:
        return change(document)
    step, *rest = path
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    copy[step] = planted(copy[step], tuple(rest), change)
    return copy

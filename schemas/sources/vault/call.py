"""One audited call as the other modules read it: names of keys, masked, and what the line says of its
caller."""

from __future__ import annotations

import re

from schemas.sources import Context
from schemas.sources.vault.wire import Auth, Data, Line

HMAC = "hmac-"
"""How audited HMACs begin (``hmac-sha256:``), and masks of our own."""

TEXT_MAX = 512
"""A longer id, name or path is nothing a server writes: it is masked or cut, since dossiers keep it."""

TOKEN = re.compile(r"(?<![A-Za-z0-9])(?:hv[sbr]|[sbr])\.[A-Za-z0-9_-]{20,}(?:\.[A-Za-z0-9]+)?")
"""Tokens of Vault (``hvs.``, ``s.``) and OpenBao (``s.``), with the namespace that may follow them."""

PATH_TOKEN = re.compile(r"auth/token/(?:revoke|revoke-orphan|lookup|renew)/(?P<token>.+)")
"""Paths of old versions that end in a token; the oldest tokens were plain UUIDs."""

_EMPTY_AUTH = Auth()


class Call:
    """``ns``: the namespace of the path, "" for the root, else with its last slash. ``time`` in µs.

    ``presented``: the token that came with the request, whether or not it was accepted: its key and its
    other names. ``authenticated``: the server accepted it, since it says whose it is (a batch token has
    policies but no accessor). ``identity``: the entity of an accepted token. ``issued``: the token that
    the response hands out or renews.
    """

    def __init__(self, line: Line, time: int, context: Context) -> None:
        request, auth = line.request, line.auth or _EMPTY_AUTH
        namespace = request.namespace.path if request.namespace else ""
        self.line = line
        self.time = time
        self.context = context
        self.request = request
        self.response = line.response
        self.auth = auth
        self.ns = f"{namespace.rstrip('/')}/" if namespace else ""
        self.path = request.path or ""
        self.operation = request.operation or ""
        self.prefix = f"vault:{context.instance}:"
        self.presented = self.keys_of(
            request.client_token or auth.client_token, auth.accessor or request.client_token_accessor
        )
        self.authenticated = bool(auth.accessor or auth.policies)
        self.identity = self.entity_key(auth.entity_id) if auth.entity_id else ""
        self.issued = self._issued()
        self.refused = bool(line.error) or self._answered_error()
        self.clear_token = self._clear_token()
        self.shown_path = self._shown_path()

    # Keys. Tokens and secret ids that stand in clear (log_raw, old paths) are masked before they go anywhere.

    def accessor_key(self, accessor: str) -> str:
        """Returns the key of a token by its accessor."""
        return f"{self.prefix}accessor/{self._short(accessor)}"

    def token_key(self, token: str) -> str:
        """Returns the key of a token by its HMAC, or by our mask where the log shows it in clear."""
        return f"{self.prefix}token/{self.masked(token)}"

    def secret_id_key(self, secret: str) -> str:
        """Returns the key of a secret id by its HMAC or mask."""
        return f"{self.prefix}secret-id/{self.masked(secret)}"

    def secret_id_accessor_key(self, accessor: str) -> str:
        """Returns the key of a secret id by its accessor."""
        return f"{self.prefix}secret-id-accessor/{self._short(accessor)}"

    def lease_key(self, lease: str) -> str:
        """Returns the key of a lease by its id, cut where it is very long."""
        return f"{self.prefix}lease/{self._short(lease)}"

    def entity_key(self, entity: str) -> str:
        """Returns the key of an entity by its id."""
        return f"{self.prefix}entity/{self._short(entity)}"

    def group(self, name: str) -> str:
        """Returns the key of a group by its name (a mount, a role, a prefix of leases) in the namespace of
        the call."""
        return f"{self.prefix}{self._short(self.ns + name)}"

    def namespace_group(self, namespace: str) -> str:
        """Returns the key of a namespace as a group of all that lives in it."""
        return f"{self.prefix}namespace/{self._short(namespace)}"

    def masked(self, secret: str) -> str:
        """Returns the value itself where Vault has masked it, else its mask under the site's key."""
        return secret if secret.startswith(HMAC) and len(secret) <= TEXT_MAX else self.context.mask(secret)

    def _short(self, text: str) -> str:
        return text if len(text) <= TEXT_MAX else self.context.mask(text)

    def keys_of(self, token: str | None, accessor: str | None) -> tuple[str, tuple[str, ...]]:
        """Returns a token's key and its other names: the accessor where it is known; batch and inline tokens
        have none."""
        if accessor:
            return self.accessor_key(accessor), (self.token_key(token),) if token else ()
        return self.token_key(token) if token else "", ()

    # What the line says.

    @property
    def request_data(self) -> Data:
        """The data of the request; empty where it has none."""
        return self.request.data or {}

    @property
    def response_data(self) -> Data:
        """The data of the response; empty where it has none."""
        return (self.response.data if self.response else None) or {}

    def asked(self, name: str) -> str:
        """Returns a text of the request's data; "" where there is none."""
        value = self.request_data.get(name)
        return value if isinstance(value, str) else ""

    def answered(self, name: str) -> str:
        """Returns a text of the response's data; "" where it is absent or not a text."""
        value = self.response_data.get(name)
        return value if isinstance(value, str) else ""

    def scrubbed(self, text: str) -> str:
        """Returns a text without tokens in clear, cut to its cap."""
        shown = TOKEN.sub(lambda found: self.masked(found[0]), text) if "." in text else text
        return shown if len(shown) <= TEXT_MAX else f"{shown[: TEXT_MAX - 1]}…"

    def _issued(self) -> Auth | None:
        """None also where a login still wants a second factor: that answer has an ``auth`` without a
        token."""
        auth = self.response.auth if self.response else None
        return auth if auth and (auth.client_token or auth.accessor) else None

    def _answered_error(self) -> bool:
        """An error that stands only in the data, alone, as ``logical.Response.IsError`` has it: a stored
        secret may have such a key too."""
        data = self.response.data if self.response else None
        return bool(data) and len(data or ()) == 1 and bool((data or {}).get("error"))

    def _clear_token(self) -> str:
        """A token that an old path form leaves in clear in the log; "" where there is none."""
        found = PATH_TOKEN.fullmatch(self.path) if self.path.startswith("auth/token/") else None
        return found["token"] if found else ""

    def _shown_path(self) -> str:
        """The path with its namespace, as it may be stored and shown."""
        path = self.path
        if self.clear_token:
            path = path.removesuffix(self.clear_token) + self.masked(self.clear_token)
        return self.scrubbed(self.ns + path)

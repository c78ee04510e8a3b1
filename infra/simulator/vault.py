"""The writer of OpenBao's audit log: each call as the request and the response line that its file device
writes.

Layout: OpenBao 2.6, as recorded from a real server; secrets stand as HMACs, of which nothing here is one of
anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from infra.simulator.chance import Chance
from infra.simulator.year_stage import SECOND, second_text, uuid_of

VERSION = "v2.6.2+builtin.bao"
DENIED = r"1 error occurred:\n\t* permission denied\n\n"
ANSWERED_AFTER = 340
"""µs between a request line and its response line."""


class Mount(NamedTuple):
    """An auth method or a secrets engine: its path ends with a slash, its kind is Vault's own word."""

    path: str
    kind: str
    accessor: str

    @property
    def asked(self) -> str:
        """The JSON fields that a request line says of the mount."""
        kind = "auth" if self.path.startswith("auth/") else "secret"
        return (
            f'"mount_point":"{self.path}","mount_type":"{self.kind}","mount_accessor":"{self.accessor}",'
            f'"mount_running_version":"{VERSION}","mount_class":"{kind}"'
        )

    @property
    def answered(self) -> str:
        """The JSON fields that a response line says of the mount."""
        return self.asked.replace("mount_running_version", "mount_running_plugin_version")


TOKEN = Mount("auth/token/", "token", "auth_token_8988f44d")
APPROLE = Mount("auth/approle/", "approle", "auth_approle_ec8011da")
PEOPLE = Mount("auth/people/", "userpass", "auth_userpass_f68f9bb6")
SYS = Mount("sys/", "system", "system_cd976d5f")
IDENTITY = Mount("identity/", "identity", "identity_be99751f")
KV = Mount("secret/", "kv", "kv_fb9241f7")
DATABASE = Mount("database/", "database", "database_1dd755f8")


@dataclass
class Token:
    """A token as the log shows it. ``ttl`` in seconds; ``entity`` "" for an orphan without one. ``place``:
    where its holder is."""

    hmac: str
    accessor: str
    display: str
    policy: str
    metadata: str
    entity: str
    ttl: int
    issued: int
    place: str
    port: int
    kind: str = "service"
    known: str = ""

    @property
    def named(self) -> str:
        """What both ``auth`` objects have in common."""
        accessor = f'"accessor":"{self.accessor}",' if self.accessor else ""
        metadata = f'"metadata":{self.metadata},' if self.metadata else ""
        entity = f'"entity_id":"{self.entity}",' if self.entity else ""
        policies = (
            '["response-wrapping"]' if self.policy == "response-wrapping" else f'["default","{self.policy}"]'
        )
        return (
            f'"client_token":"{self.hmac}",{accessor}"display_name":"{self.display}","policies":{policies},'
            f'"token_policies":{policies},'
            f'%s{metadata}{entity}"token_type":"{self.kind}","token_ttl":{self.ttl}'
        )

    @property
    def handed_out(self) -> str:
        """The JSON of the ``auth`` part in which Vault hands out this token."""
        return "{" + self.named % "" + "}"

    @property
    def presented(self) -> str:
        """``auth`` of a call that it makes; the same text for all of its calls."""
        if not self.known:
            allowed = (
                f'"policy_results":{{"allowed":true,"granting_policies":[{{"name":"{self.policy}",'
                f'"namespace_id":"root","type":"acl"}}]}},'
            )
            self.known = (
                "{" + self.named % allowed + f',"token_issue_time":"{second_text(self.issued)}Z"' + "}"
            )
        return self.known


class Call(NamedTuple):
    """A call's request id, when it was answered (µs, as logged), and its two lines."""

    uid: str
    time: int
    request: bytes
    response: bytes


def hmac_of(chance: Chance) -> str:
    """Returns a drawn value in the form of Vault's HMACs: the same for the same seed."""
    return f"hmac-sha256:{chance.getrandbits(256):064x}"


class VaultLog:
    """Writes calls. ``data`` and ``answer`` are JSON texts as they stand in the lines, "" for none."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance

    def call(
        self, time: int, token: Token, operation: str, mount: Mount, path: str, *,
        data: str = "", answer: str = "", more: str = "", place: str = "",
    ) -> Call:  # fmt: skip
        """Returns a call that its token may make. ``more``: fields of the request beside the usual ones."""
        uid, nanos = uuid_of(self.chance), self.chance.getrandbits(9) % 1000
        auth = token.presented
        accessor = f'"client_token_accessor":"{token.accessor}",' if token.accessor else ""
        body = f',"data":{data}' if data else ""
        asked = (
            f'{{"id":"{uid}","client_id":"{token.entity}","operation":"{operation}",{mount.asked},'
            f'"client_token":"{token.hmac}",{accessor}'
            f'"namespace":{{"id":"root"}},"path":"{path}"{body},"remote_address":"{place or token.place}",'
            f'"remote_port":{token.port}{more}}}'
        )
        return self._lines(
            uid,
            time,
            nanos,
            f',"auth":{auth}',
            asked,
            f',"response":{{{mount.answered}{"," if answer else ""}{answer}}}',
        )

    def login(
        self,
        time: int,
        mount: Mount,
        path: str,
        data: str,
        token: Token,
        *,
        first: bool = False,
        uses: int = 0,
    ) -> Call:
        """Returns a login that succeeds: the new token stands in both ``auth`` objects of the response
        line."""
        uid, nanos = uuid_of(self.chance), self.chance.getrandbits(9) % 1000
        asked = self._unnamed(uid, mount, path, data, token.place, token.port)
        created = '"entity_created":true,' if first else ""
        limited = f'"num_uses":{uses},' if uses else ""
        auth = "{" + token.named % "" + "}"
        shown = auth.replace('"token_type"', f'{created}"token_type"', 1)
        answer = auth.replace('"entity_id"', f'{limited}"entity_id"', 1)
        return self._lines(
            uid, time, nanos, f',"auth":{shown}', asked, f',"response":{{"auth":{answer},{mount.answered}}}',
            before=',"auth":{"policy_results":{"allowed":true},"token_type":"default"}',
        )  # fmt: skip

    def refused(
        self, time: int, token: Token, mount: Mount, path: str, *, place: str = "", accessor: bool = False
    ) -> Call:
        """Returns a token that the server does not accept: nothing but its HMAC, and (of a disabled entity)
        its accessor."""
        uid, nanos = uuid_of(self.chance), self.chance.getrandbits(9) % 1000
        named = f'"client_token_accessor":"{token.accessor}",' if accessor else ""
        asked = (
            f'{{"id":"{uid}","operation":"read",{mount.asked},"client_token":"{token.hmac}",{named}'
            f'"namespace":{{"id":"root"}},'
            f'"path":"{path}","remote_address":"{place or token.place}","remote_port":{token.port}}}'
        )
        answer = (
            f',"response":{{{mount.answered},"data":{{"error":"{hmac_of(self.chance)}"}}}},"error":"{DENIED}"'
        )
        return self._lines(
            uid,
            time,
            nanos,
            ',"auth":{"token_type":"default"}',
            asked,
            answer,
            error=',"error":"permission denied"',
        )

    def unwrap_refused(self, time: int, token: Token) -> Call:
        """Returns an unwrapping that is refused, which has no response line: an empty one is to be passed
        over."""
        uid, nanos = uuid_of(self.chance), self.chance.getrandbits(9) % 1000
        asked = (
            f'{{"id":"{uid}","operation":"update","mount_point":"sys/","client_token":"{token.hmac}",'
            f'"namespace":{{"id":"root"}},'
            f'"path":"sys/wrapping/unwrap","remote_address":"{token.place}","remote_port":{token.port}}}'
        )
        line = (
            f'{{"time":"{second_text(time)}.{time % SECOND:06}{nanos:03}Z","type":"request",'
            f'"auth":{{"client_token":"{token.hmac}","token_type":"default"}},"request":{asked},'
            f'"error":"wrapping token is not valid or does not exist"}}'
        )
        return Call(uid, time, line.encode(), b"")

    @staticmethod
    def _unnamed(uid: str, mount: Mount, path: str, data: str, place: str, port: int) -> str:
        return (
            f'{{"id":"{uid}","operation":"update",{mount.asked},"namespace":{{"id":"root"}},"path":"{path}'
            f'","data":{data},'
            f'"remote_address":"{place}","remote_port":{port}}}'
        )

    @staticmethod
    def _lines(
        uid: str,
        time: int,
        nanos: int,
        auth: str,
        asked: str,
        answer: str,
        *,
        before: str = "",
        error: str = "",
    ) -> Call:
        done = time + ANSWERED_AFTER
        request = (
            f'{{"time":"{second_text(time)}.{time % SECOND:06}{nanos:03}Z",'
            f'"type":"request"{before or auth},"request":{asked}{error}}}'
        )
        response = (
            f'{{"time":"{second_text(done)}.{done % SECOND:06}{nanos:03}Z","type":"response"{auth},'
            f'"request":{asked}{answer}}}'
        )
        return Call(uid, done, request.encode(), response.encode())

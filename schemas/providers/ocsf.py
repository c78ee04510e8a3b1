"""Whatever OCSF events name that is no other provider's."""

from __future__ import annotations

from schemas.provider import COUNTED, UUID, Id, Provider

PROVIDER = Provider(
    name="ocsf",
    words=("ocsf",),
    sorts={"credential/": "credential", "session/": "session", "token/": "token"},
    opaque=("session/", "token/"),
    sources=("ocsf",),
    retells=True,
    # ocsf:<account or installation>:credential/<uid>, …:session/<uid>, …:token/<uid or mask>
    credentials=("credential/", "session/", "token/"),
    # Whatever product wrote the event: what is no UUID may be the credential.
    ids={
        "credential/": Id(rf"{UUID}|{COUNTED}"),
        "session/": Id(rf"{UUID}|{COUNTED}"),
        "token/": Id(rf"{UUID}|{COUNTED}"),
    },
    uses="ocsf",
)

"""Whatever OCSF events name that is no other provider's."""

from __future__ import annotations

from schemas.provider import Provider

PROVIDER = Provider(
    name="ocsf",
    words=("ocsf",),
    sources=("ocsf",),
    retells=True,
    # ocsf:<account or installation>:credential/<uid>, …:session/<uid>, …:token/<uid or mask>
    credentials=("credential/", "session/", "token/"),
    uses="ocsf",
)

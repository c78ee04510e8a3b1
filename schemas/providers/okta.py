"""Okta: API tokens, service apps and workloads of an org, as its System Log shows them.

Okta, "API token management": a token acts on behalf of whoever made it, lives 30 days from its last use, and
is deprovisioned together with its user's account. The log does not name the org.
"""

from __future__ import annotations

import re

from schemas.provider import COUNTED, UUID, Id, Provider

UNTOLD = "Okta's log does not say which secret or key a client presented"

OBJECT = rf"(?:0[0-9a-z][A-Za-z]|ocs|pks)[A-Za-z0-9]{{1,17}}|{UUID}|{COUNTED}"

PROVIDER = Provider(
    name="okta",
    words=("okta",),
    title="Okta",
    sorts={
        "app/": "application",
        "user/": "user",
        "workload/": "workload",
        "api-token/": "API token",
        "secret/": "client secret",
        "token/": "token",
    },
    opaque=("app/", "user/", "workload/", "api-token/", "secret/", "token/"),
    sources=("okta",),
    # okta:<org>:api-token/<id>, …:secret/<id> (a secret or public key of an app), …:token/<id>;
    # okta:<org>:app/<client id>, …:workload/<id>, …:user/<id>, …:system/<id>
    credentials=("api-token/", "secret/", "token/"),
    # Ids of Okta's objects are 20 letters at most, of which the first say of what; of tokens a word says
    # it (Okta, "System Log events").
    ids={
        "api-token/": Id(OBJECT),
        "secret/": Id(OBJECT),
        "token/": Id(rf"{OBJECT}|(?:AT|ID|RT)\.[\w-]{{2,43}}(?:\.[\w-]+)?"),
    },
    # People are no identities of an inventory, and `system/` is Okta itself.
    own=re.compile(r"(?:app|workload)/"),
    # okta:<org>:grant/role/<role>/<holder>, …:grant/group/<id>/<user>, …:grant/app-access/<id>/<user>
    refused_self=re.compile(r"grants-itself"),
    almighty=re.compile(r"role/super administrator", re.IGNORECASE),
    uses="okta",
    refusals_hidden="Okta logs no request whose token it does not know",
    unseen={"client_secret": UNTOLD, "client_credential": UNTOLD},
)

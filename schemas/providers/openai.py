"""OpenAI's platform, as its administrative audit log shows it."""

from __future__ import annotations

import re

from schemas.provider import COUNTED, EVERY_KIND, UUID, Id, Provider

ADMINISTRATION_ONLY = "the provider's log shows what is administered, not what a key is used for"

PROVIDER = Provider(
    name="openai",
    words=("openai",),
    title="OpenAI",
    sorts={"key/": "API key", "service_account/": "service account", "user/": "user"},
    opaque=("key/", "service_account/", "user/"),
    sources=("provider_admin",),
    # openai:key/<id>; openai:<installation>:service_account/<id>, …:user/<id>
    credentials=("key/",),
    # key_… (API reference, "Admin API keys", "Project API keys"), never sk-…
    ids={"key/": Id(rf"key_[A-Za-z0-9]{{4,32}}|{UUID}|{COUNTED}")},
    own=re.compile(r"service_account/"),
    uses="provider_admin",
    # What an administrator's key does is what the log is of.
    unseen={EVERY_KIND: ADMINISTRATION_ONLY, "admin_key": ""},
)

"""Anthropic's platform, as its compliance activity feed shows it."""

from __future__ import annotations

import re

from schemas.provider import COUNTED, EVERY_KIND, UUID, Id, Provider
from schemas.providers.openai import ADMINISTRATION_ONLY

PROVIDER = Provider(
    name="anthropic",
    words=("anthropic",),
    title="Anthropic",
    sorts={"key/": "API key", "service_account/": "service account", "user/": "user"},
    opaque=("key/", "service_account/", "user/"),
    sources=("provider_admin",),
    # anthropic:key/<id>; anthropic:<organisation>:service_account/<id>, …:user/<id>
    credentials=("key/",),
    # apikey_… (Admin API reference, "API keys"), never sk-ant-…
    ids={"key/": Id(rf"apikey_[A-Za-z0-9]{{4,32}}|{UUID}|{COUNTED}")},
    own=re.compile(r"service_account/"),
    uses="provider_admin",
    unseen={EVERY_KIND: ADMINISTRATION_ONLY, "admin_key": ""},
)

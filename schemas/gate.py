"""The gate: every activity and every reject goes through it before anything of it is kept or sent.

A credential's id stays in clear only in a form that its provider's page knows for an id (``Provider.ids``);
anything else that stands there may be the credential itself, and its HMAC takes its place. All other texts
are free text: they lose what looks like a token and keep the rest (``schemas.free_text``). Facts are a
function of activities, so they need no gate of their own.

What was once found clean is remembered, so that an ordinary event costs one look into a set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from operator import attrgetter
from typing import Any, TypeVar

import msgspec

from schemas.activity import Activity, Effect
from schemas.free_text import scrubbed, suspicious_id
from schemas.masking import Masks
from schemas.provider import MASKS
from schemas.providers import BY_WORD, name_of, word_of
from schemas.rejected import Rejected

T = TypeVar("T")

REMEMBERED_MAX = 50_000
"""Texts that are remembered as clean: names, clients and keys come again and again. Some 10 MB."""
REMEMBERED_LETTERS_MAX = 300
"""A longer text hardly comes again."""
CHANGED_MAX = 2_000
"""Texts whose cleaned form is remembered: a credential that is masked is used again and again."""

UID = "uid"
"""The field of an event's own id, another one every time."""
DRAWN = re.compile(r"[0-9a-f]{16}(?:[0-9a-f]{16})?")
"""Ids of spans and traces: they are no token's form, and hardly come again."""

_texts = attrgetter(
    *("identity", "actor_name", "credential", "operation", "service", "place", "client", "target"),
    *("resource", "error", "incarnation", "allowed_by", "asked", "instance", "source"),
)
"""The texts of an activity beside its id, its effects and its credential's other names."""

IDS = {
    word: tuple(
        (start, *form.compiled())
        for start, form in {**page.ids, **{c: MASKS for c in page.credentials if c not in page.ids}}.items()
    )
    for word, page in BY_WORD.items()
}
"""By the first word of a key: how the names of its credentials begin, what follows, and what of that stands
before the id. A page that does not say how its ids look has none that stays in clear."""


def is_known_id(key: str) -> bool:
    """Says whether a credential's key has an id in a form that its provider's page knows, or its mask."""
    name = name_of(key)
    return any(
        name.startswith(start) and form.fullmatch(name[len(start) :]) is not None
        for start, form, _ in IDS.get(word_of(key), ())
    )


class Gate:
    """``masks``: what stands for secrets."""

    def __init__(self, masks: Masks) -> None:
        self._masks, self._rotated = masks, masks.rotated
        self.mask = masks.of
        self._clean: set[str] = {""}
        self._changed: dict[str, str] = {}

    def activity(self, activity: Activity) -> Activity:
        """Returns the activity as it may be kept."""
        clean = self._clean
        if (
            clean.issuperset(_texts(activity))
            and clean.issuperset(activity.names)
            and not suspicious_id(activity.uid)
            and (not activity.effects or self._is_clean(activity.effects))
        ):
            return self._also_known(activity) if self._rotated else activity
        return self._also_known(self._kept(activity))

    def _also_known(self, activity: Activity) -> Activity:
        """The activity with what its credentials were called under former keys of the site: a use by further
        names, a change told of each of them."""
        if not self._rotated:
            return activity
        former = self._masks.former
        if names := former(activity.credential):
            activity = msgspec.structs.replace(activity, names=(*activity.names, *names))
        more: tuple[Effect, ...] = tuple(
            msgspec.structs.replace(effect, credential=name)
            for effect in activity.effects
            for name in former(getattr(effect, "credential", ""))
        )
        return msgspec.structs.replace(activity, effects=(*activity.effects, *more)) if more else activity

    def rejected(self, rejected: Rejected) -> Rejected:
        """Returns the reject as it may be kept."""
        return self._kept(rejected)

    def text(self, text: str) -> str:
        """Returns a key or a free text as it may be kept."""
        if text in self._clean:
            return text
        known = self._changed.get(text)
        if known is not None:
            return known
        if DRAWN.fullmatch(text):
            return text
        kept = scrubbed(self._credential(text), self.mask)
        if kept != text:
            if len(self._changed) >= CHANGED_MAX:
                self._changed.clear()
            self._changed[text] = kept
        elif len(text) <= REMEMBERED_LETTERS_MAX:
            if len(self._clean) >= REMEMBERED_MAX:
                self._clean = {""}
            self._clean.add(text)
        return kept

    def _credential(self, text: str) -> str:
        """The text with the id of a credential masked, where it is a credential's key and looks like none."""
        word, colon, _ = text.partition(":")
        forms = IDS.get(word) if colon else None
        if not forms:
            return text
        name = name_of(text)
        for start, form, under in forms:
            if not name.startswith(start):
                continue
            rest = name[len(start) :]
            if not rest or form.fullmatch(rest):
                return text
            before = found[0] if (found := under.match(rest)) and found[0] != rest else ""
            secret = rest.removeprefix(before)
            return text.removesuffix(secret) + self.mask(secret)
        return text

    def _is_clean(self, values: Iterable[Any]) -> bool:
        """Whether all texts in these values were found clean before."""
        clean = self._clean
        for value in values:
            kind = value.__class__
            if kind is str:
                if value not in clean and not DRAWN.fullmatch(value):
                    return False
            elif not value or kind is int or kind is bool:
                continue
            elif kind is dict:
                if not (self._is_clean(value) and self._is_clean(value.values())):
                    return False
            elif not self._is_clean(value if kind is tuple else msgspec.structs.astuple(value)):
                return False
        return True

    def _kept(self, record: T) -> T:
        """The record with every text in it as it may be kept."""
        changes = {}
        for name in record.__struct_fields__:  # type: ignore[attr-defined]
            value = getattr(record, name)
            kept = scrubbed(value, self.mask) if name == UID else self._value(value)
            if kept is not value:
                changes[name] = kept
        return msgspec.structs.replace(record, **changes) if changes else record  # type: ignore[type-var]

    def _value(self, value: Any) -> Any:
        """The value as it may be kept; itself where nothing in it changes."""
        kind = value.__class__
        if kind is str:
            kept: Any = self.text(value)
        elif not value or kind is int or kind is bool:
            return value
        elif kind is tuple:
            kept = tuple(map(self._value, value))
        elif kind is dict:
            kept = {self._value(name): self._value(content) for name, content in value.items()}
        else:
            return self._kept(value)
        return value if kept == value else kept

"""Learning: what was seen of an identity, in the words of the inventory, for a person to look at and declare.

It approves nothing. Each draft bears a field that no inventory has (``review``), so that it is refused until
somebody has read it and taken the field out; what is there already is not drafted again, for a later record
takes the place of an earlier one as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from correlators.kernel.views.fronts import fronts_of
from correlators.kernel.views.inventoried import keys_of, ours
from correlators.kernel.views.offers import Offers
from correlators.kernel.views.places import inside
from correlators.kernel.views.tool_table import tool_table
from correlators.kernel.views.view import View
from schemas.dossier import Dossier
from schemas.evidence import Evidence, gate_of, iso, network_of
from schemas.fact import AUTHENTICATED, DAY, IMAGES_JOINED, SET, TELEMETRY, group_of
from schemas.providers import COLLECTIONS, is_passing, is_refused_self, name_of, scope_of
from schemas.span import is_unnamed

REVIEW = "review"
"""The field that stands in every draft, and in no inventory."""

EACH_MAX = 200
"""Places, tools, scopes or secrets of one identity that are drafted: nobody reads more; the review says
so."""


def draft_of(view: View) -> dict[str, Any] | None:
    """Returns what was seen of an identity as an entry of an inventory with its review; None where it is not
    the site's own, is declared already, or did nothing."""
    agent = bool(view.dossier.calls or view.dossier.lists) and not is_unnamed(view.key)
    if view.dossier.stated or not (agent or ours(view)) or not _is_said(view.key):
        return None
    found: dict[str, list[Any]] = {
        "aliases": sorted(keys_of(view) - {view.key}),
        "tools": _tools(view),
        "scopes": _scopes(view),
        "places": _places(view),
        "secrets": sorted(
            n for n in view.dossier.secrets if n.isprintable() and not COLLECTIONS.fullmatch(n)
        ),
        "images": list(_images(view)),
    }
    times = sorted(_times(view.dossier))
    if not times and not found["images"]:
        return None
    cut = sorted(name for name, many in found.items() if len(many) > EACH_MAX)
    said = f"seen {iso(times[0])} to {iso(times[-1])}" if times else "never seen at work"
    said += f"; more {', '.join(cut)} than {EACH_MAX}" if cut else ""
    drafted: dict[str, Any] = {"id": view.key, REVIEW: f"{said}; name its owner, and keep what is meant"}
    if agent:
        drafted["kind"] = "agent"
    return drafted | {name: many[:EACH_MAX] for name, many in found.items() if many}


def rhythm_of(key: str, dossier: Dossier) -> Iterator[str]:
    """Yields in words how often a source of telemetry speaks, given its dossier. No inventory declares
    that."""
    if key.startswith(TELEMETRY):
        for source, watch in sorted(dossier.watch.items()):
            days = sorted(watch.days)
            if days:
                silence = max((b - a - 1 for a, b in pairwise(days)), default=0)
                first, last = (iso(day * DAY)[:10] for day in (days[0], days[-1]))
                said = f"{len(days)} of {days[-1] - days[0] + 1} days, {first} to {last}"
                yield f"{source}: spoke on {said}; silent for {silence} days at most"


def _is_said(text: str) -> bool:
    return text.isprintable() and "*" not in text and ":" in text


def _times(dossier: Dossier) -> Iterator[int]:
    for credential in dossier.credentials.values():
        for key, sightings in credential.uses.items():
            if key.partition(":")[0] in AUTHENTICATED:
                yield from (e.time for e in sightings.kept)
    for listed in dossier.lists.values():
        yield from (e.time for e in listed.seen.kept)
    for calls in dossier.calls.values():
        yield from (e.time for s in calls.channels.values() for e in s.kept)


def _places(view: View) -> list[str]:
    """Networks and gates of uses that succeeded; an address inside a cluster is that cluster's."""
    found: set[str] = set()
    for name, credential in view.credentials.items():
        fronts = fronts_of(view, name, roaming=False) if name else frozenset()
        uses = [e.place for e in view.uses(credential, "succeeded")]
        uses += [key.partition("\t")[2] for key in credential.stays]
        found.update(_place(place) for place in uses if place and place not in fronts)
    return sorted(place for place in found if place and place.isprintable())


def _place(place: str) -> str:
    return gate_of(place) or (f"{place}/32" if inside(place) and ":" not in place else network_of(place))


def _tools(view: View) -> list[dict[str, str]]:
    """What was called or offered, each with its server and the definition that was shown last."""
    if not Offers(view.dossier.lists).listings and not view.dossier.calls:
        return []
    found: dict[tuple[str, str], dict[str, str]] = {}
    for row in tool_table(view):
        for server in row.servers or ("",):
            tool = {"name": row.tool, "server": server, "digest": row.digest}
            if all(text.isprintable() for text in tool.values()) and row.tool.strip():
                found[row.tool, server] = {field: text for field, text in tool.items() if text}
    return [tool for _, tool in sorted(found.items())]


def _scopes(view: View) -> list[str]:
    """Roles and scopes that it was given or used, as declared scopes name them."""
    found: set[str] = set()
    for name, grant in view.dossier.grants.items():
        if group_of(view.key) != name and not is_passing(name) and not is_refused_self(name):
            role = grant.role or name
            found.add(scope_of(role) or name_of(role))
    return sorted(scope for scope in found if scope.strip() and scope.isprintable())


def _images(view: View) -> Iterator[dict[str, str]]:
    """What it was told to run last, and since when."""
    orders = view.dossier.images[SET].kept if SET in view.dossier.images else ()
    own = [e for e in orders if not e.asked]
    if own:
        last = own[-1]
        yield from (_image(image, _since(own, last)) for image in last.operation.split(IMAGES_JOINED))


def _image(image: str, since: int) -> dict[str, str]:
    name, colon, tag = image.rpartition(":")
    return {"image": name if colon else image, "released": tag if colon else "latest", "from": iso(since)}


def _since(own: Iterable[Evidence], last: Evidence) -> int:
    """When it was told so first, of the last time in a row."""
    since = last.time
    for e in reversed(list(own)):
        if e.operation != last.operation:
            break
        since = e.time
    return since

"""Siblings: children of one credential that are too many for the dossier that knows it.

A credential's dossier knows what was issued from it, so that its death reaches them. Whoever holds a live one
can issue as many as he likes, and must not push an earlier one out of its lineage by that: beyond a number
the earliest move into a dossier beside it, which stands among the children as one of them. So whatever ends
the parent is told to it as to any child, and it tells it on. A dossier of siblings that fills up parts in the
same way, into sixteen. Children of a credential that was itself let go of, or is kept in brief, go there too:
from a dossier that bears the mark of that, every end is told to the siblings of what ended, if there are any.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from correlators.kernel.knowledge.homes import homes_of
from correlators.kernel.knowledge.join import marks
from correlators.kernel.knowledge.memory import AFTER_LIFE, CHILDREN_MARK
from schemas import frozen
from schemas.activity import Edge, Parent
from schemas.dossier import Child, Credential, Dossier
from schemas.fact import Fact
from schemas.providers import longest_life
from schemas.sharding import SIBLINGS_PREFIX, are_siblings

CHILDREN_MAX = 1_000
"""Children of one credential that stand with it. An hourly session is over long before it is moved."""

SIBLING_SHARDS = 16
"""Dossiers into which siblings part, by a hash of their names."""

GENERATIONS_MAX = 4
"""Times that children move on: into one dossier, then sixteen, 256, and 4,096 with a thousand each."""

PART = "#"
"""Before the number of a part, once for each time that they parted."""

NEVER = 1 << 62
"""When dossiers of siblings were issued: after all else, so that they are kept before all else."""


def moved_out(key: str, dossier: Dossier, most: int = CHILDREN_MAX) -> tuple[Dossier, list[Fact]]:
    """Returns the dossier with no more than ``most`` children of any credential, and what is told to the
    dossiers of those that moved; what is hearsay moves as hearsay. Returns the argument where nothing
    moves."""
    dossier, facts = _parted(key, dossier, most)
    heard: dict[str, Dossier] = {}
    for voice, said in dossier.heard.items():
        heard[voice], moved = _parted(key, said, most)
        facts += [(to, Dossier(heard={voice: fact})) for to, fact in moved]
    if any(heard[voice] is not said for voice, said in dossier.heard.items()):
        dossier = frozen.changed(dossier, heard=heard)
    return dossier, facts


def _parted(key: str, dossier: Dossier, most: int) -> tuple[Dossier, list[Fact]]:
    facts: list[Fact] = []
    left: dict[str, Credential] = {}
    lost = False
    for name, credential in dossier.credentials.items():
        if len(credential.children) <= most or len(_own(credential)) <= most:
            continue
        stay, gone = _divided(_own(credential), most)
        shards: dict[str, Child] = {n: c for n, c in credential.children.items() if are_siblings(n)}
        if _generation(name) >= GENERATIONS_MAX:
            lost = lost or bool(gone)
        else:
            for shard, children in _shared_out(name, gone).items():
                shards[shard] = elder(shard)
                facts.append(_moving(key, name, shard, children))
        left[name] = frozen.changed(credential, children={**stay, **shards})
    if not left:
        return dossier, []
    full = marks(dossier.marks, (CHILDREN_MARK,)) if lost else dossier.marks
    return frozen.changed(dossier, credentials={**dossier.credentials, **left}, marks=full), facts


def elder(siblings: str) -> Child:
    """Returns the entry by which a dossier of siblings stands among the children."""
    return Child("dies_with", siblings, NEVER)


def _own(credential: Credential) -> dict[str, Child]:
    return {name: child for name, child in credential.children.items() if not are_siblings(name)}


def _divided(children: dict[str, Child], most: int) -> tuple[dict[str, Child], dict[str, Child]]:
    """Those that stay: the newest half, and the first and last of each identity; and those that go, without
    those whose life is over."""
    ranked = sorted(children, key=lambda name: (children[name].issued, name))
    lasts = {children[n].identity: n for n in ranked}
    firsts = {children[n].identity: n for n in reversed(ranked)}
    shown = sorted({*lasts.values(), *firsts.values()}, key=lambda n: (children[n].issued, n))
    stay = {*ranked[-(most // 2 or 1) :], *shown[: most // 4]}
    newest = children[ranked[-1]].issued
    gone = {n: c for n, c in children.items() if n not in stay and not _over(n, c, newest)}
    return {n: c for n, c in children.items() if n in stay}, gone


def _over(name: str, child: Child, newest: int) -> bool:
    """Whether its provider lets none live so long as it would have to, and what came from it is over too."""
    life = longest_life(name)
    return bool(life and child.issued) and child.issued + life + AFTER_LIFE < newest


def _shared_out(name: str, children: dict[str, Child]) -> dict[str, dict[str, Child]]:
    """By the dossier that they move to. In each generation they part anew: of a CRC, whose bits differ by the
    same for all names of one length, those that met in one part would meet in one part again and again."""
    parts: dict[str, dict[str, Child]] = {}
    for child, link in children.items():
        number = blake2b(f"{name} {child}".encode(), digest_size=1).digest()[0] % SIBLING_SHARDS
        parts.setdefault(_moved_to(name, number), {})[child] = link
    return parts


def head_of(name: str) -> str:
    """Returns the key of the dossier to which children of this credential move first."""
    return f"{SIBLINGS_PREFIX}{name}"


def _moved_to(name: str, number: int) -> str:
    return f"{name}{PART}{number}" if are_siblings(name) else head_of(name)


def _generation(name: str) -> int:
    """How often those of this dossier have moved."""
    return name.count(PART) + 1 if are_siblings(name) else 0


def let_go(key: str, before: Dossier, after: Dossier) -> Iterator[Fact]:
    """Yields, to the siblings' dossiers, the children that a dossier no longer knows because of its size."""
    if before.credentials is after.credentials:
        return
    for name, credential in before.credentials.items():
        left = after.credentials.get(name)
        if credential.children and left is not credential and name:
            kept = left.children if left else {}
            gone = {n: c for n, c in credential.children.items() if n not in kept and n != head_of(name)}
            if gone:
                yield _moving(key, name, head_of(name), gone)


def _moving(key: str, name: str, to: str, children: dict[str, Child]) -> Fact:
    return to, Dossier(
        credentials={to: Credential(children=children, parents={name: Parent("dies_with", key)})}
    )


def deaths(key: str, dossier: Dossier) -> Iterator[Fact]:
    """Yields what ended the parent of these siblings, told to each of them, and to the parent that some are
    not kept."""
    credential = dossier.credentials.get(key, Credential())
    if CHILDREN_MARK in dossier.marks:
        for parent in credential.parents.values():
            yield parent.identity, Dossier(marks=(CHILDREN_MARK,))
    for child, link in credential.children.items():
        yield from ends_for(child, link, credential)


def ends_for(child: str, link: Child, parent: Credential) -> Iterator[Fact]:
    """Yields to a child the ends of all that its parent descends from, its own among them."""
    if link.edge == "made_by":
        return
    ends = {
        ancestor: frozen.changed(end, edge=composed(end.edge, link.edge))
        for ancestor, end in parent.ancestors.items()
        if ancestor != child
    }
    if ends:
        fact = Dossier(credentials={child: Credential(ancestors=ends)})
        yield from ((home, fact) for home in homes_of(link.identity))


def composed(up: Edge, down: Edge) -> Edge:
    """Returns the edge from a child to its grandparent, made of the two edges between them."""
    return "dies_with" if up == down == "dies_with" else "came_from"


def heard(dossier: Dossier) -> Iterator[int]:
    """Yields when siblings were issued, and when what ended their parent came (µs)."""
    for credential in dossier.credentials.values():
        yield from (child.issued for child in credential.children.values() if child.issued < NEVER)
        for ancestor in credential.ancestors.values():
            yield from (turn.evidence.arrived or turn.time for turn in ancestor.turns)

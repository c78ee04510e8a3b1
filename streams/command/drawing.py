"""How a finding's story looks in a terminal; without one the same text without colours."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.text import Text
from rich.tree import Tree

from schemas.evidence import iso
from streams.command.lineage import Node
from streams.command.story import Story
from streams.screen.show import SEVERITY, Screen
from streams.site.foreign import shown

_KIND = {
    "issued": "cyan",
    "claim": "magenta",
    "ended": "magenta",
    "grace over": "dim",
    "use": "red",
    "proof": "green",
    "restored": "yellow",
    "until": "dim",
}
_EDGE = {"dies_with": "dies with it", "came_from": "outlives it", "made_by": "orphan by design"}
TIME_WIDTH = 27
KIND_WIDTH = 10
WHOLE = 10_000
"""Columns where there is no terminal: no line is broken or cut."""


def draw(story: Story, console: Console | None = None) -> None:
    """Prints the story. Long lines are left whole where the output is no terminal, for grep."""
    console = console or Screen()
    whole = not console.is_terminal
    if whole:
        console.width = WHOLE
    _, style = SEVERITY.get(story.finding.get("severity_id", 0), SEVERITY[0])
    info = story.finding.get("finding_info") or {}
    control = (info.get("analytic") or {}).get("uid", "")
    console.print(Text(shown(f"{control}  {info.get('uid', '')}"), "bold"), soft_wrap=whole)
    console.print(Text(shown(story.sentence), style), soft_wrap=whole)
    _heading(console, "Lineage")
    for root in story.lineage:
        console.print(_tree(root, whole), soft_wrap=whole)
    if not story.lineage:
        console.print(Text("  no credential of this finding is known by issue", "dim"))
    _heading(console, "Timeline")
    for entry in story.timeline:
        line = Text(f"  {iso(entry.time):<{TIME_WIDTH}}  ", "dim")
        line.append(f"{entry.kind:<{KIND_WIDTH}}  ", _KIND.get(entry.kind, ""))
        line.append(shown(entry.text + (f"  [{entry.uid}]" if entry.uid else "")), "")
        console.print(line, soft_wrap=whole)
    if story.counts:
        _heading(console, "Since the end, counted in ClickHouse")
    for count in story.counts:
        when = f"first {iso(count.first)}, last {iso(count.last)}"
        text = shown(f"  {count.tries:,} {count.outcome}  {count.credential}  {when}")
        console.print(Text(text), soft_wrap=whole)
    _heading(console, "Next")
    for step in story.next_steps:
        line = Text(shown(step))
        console.print(Text("  ") + line if whole else Padding(line, (0, 0, 0, 2)), soft_wrap=whole)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(text, "bold underline" if console.is_terminal else ""))


def _tree(node: Node, whole: bool) -> Tree:
    tree = Tree(_label(node, whole, ""), guide_style="dim")
    _branch(tree, node, whole)
    return tree


def _branch(tree: Tree, node: Node, whole: bool) -> None:
    for child in node.children:
        _branch(tree.add(_label(child, whole, node.life.identity)), child, whole)
    if node.more:
        tree.add(Text(f"and {node.more:,} more", "dim"))


def _label(node: Node, whole: bool, above: str) -> Text:
    """``above``: the identity of what it hangs on: one that has been named is not named again."""
    life = node.life
    label = Text(no_wrap=whole, overflow="ignore" if whole else "fold")
    label.append(shown(node.called or life.credential), "bold")
    other = life.identity not in ("", life.credential, above)
    whose = (node.holder, life.identity if node.holder != life.identity else "") if other else ()
    about = ", ".join(filter(None, (life.kind, *whose)))
    label.append(f"  {shown(about)}" if about else "", "dim")
    label.append(f"  {_EDGE[node.edge]}" if node.edge else "", "dim")
    residual = node.alive and node.state.startswith("residual")
    style = "red" if ", yet " in node.state else "yellow" if residual else "" if node.alive else "green"
    label.append(f"\n{shown(node.state)}", style)
    if life.issued:
        label.append(f"\nissued {iso(life.issued.time)}  [{shown(life.issued.uid)}]", "dim")
    if last := life.last_use:
        label.append(f"\nlast use {iso(last.time)} {shown(last.note)}  [{shown(last.uid)}]", "dim")
    return label

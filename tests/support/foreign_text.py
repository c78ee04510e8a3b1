"""Text that a terminal would obey, or take for markup."""

from __future__ import annotations

from schemas.lifeline import Lifeline, Moment
from streams.command.lineage import Node

OBEYED = [
    *(
        "\x1b[2J",
        "\x1b[31mred",
        "\x1b]0;title\x07",
        "\x1b]52;c;ZWNobyBvd25lZA==\x07",
        "\x1b]8;;http://x\x07a\x1b]8;;\x07",
    ),
    *(
        "\x1bP+q544e\x1b\\",
        "\x1b[6n",
        "\x1b[?1049h",
        "\x9b31m",
        "\x9d0;x\x9c",
        "\r",
        "\b\b\b",
        "\x07",
        "\x00",
        "\x0c",
        "\x0b",
    ),
    *("\n2026-11-22 10:00:00  critical  forged", "\r\n", "\u2028", "\u2029", "\x85"),
    *("\u202eevil", "\u2066x\u2069", "\u200f", "\u061c", "\u200bhidden", "\u00ad", "\ufeff", "\u2060"),
    *("\U000e0041\U000e0042", "\ufe0f", "\u3164", "\u180e", "\x7f"),
]


MARKUP = ["[red]x[/red]", "a[/b].log", "[link=http://x]y[/link]", ":bomb:", "<script>x</script>"]


def node_of(name: str) -> Node:
    moment = Moment(1, name, name)
    life = Lifeline(name, name, name, name, issued=moment, last_use=moment)
    return Node(life, edge="", state=name, alive=True)

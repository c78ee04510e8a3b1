"""docs/sources.md, made from the sources themselves: `python -m streams.command.sources_page`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from schemas.sources import sources
from schemas.summary import Summary

PAGE = Path(__file__).parents[2] / "docs" / "sources.md"


def page() -> str:
    """Returns the whole page."""
    rows = [
        f"| `{name}` | {summary.gives} | {summary.cannot_show} | {summary.ship} |"
        for name, source in sorted(sources().items())
        for summary in (cast(Summary, source.SUMMARY),)  # type: ignore[attr-defined]
    ]
    return "\n".join(
        [
            "# Sources",
            "",
            "Made by `python -m streams.command.sources_page`; the words stand in the sources' own files. Any"
            " producer may write to `raw.<source>[.<instance>]`, one vendor record a message, as the vendor"
            " wrote it;",
            "the instance (a Vault, a cluster) is part of every key of a source that does not name its"
            " installation. `gapwatch send` does it for files."
            " What is rejected, and why: [rejects](rejects.md).",
            "Every source but `caep` and `inventory` is also read in what"
            " Beats, CloudWatch, Datadog, Elasticsearch, Fluent Bit and Splunk put around its records.",
            "",
            "| source | what it gives | what it cannot show | how to ship it here |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

"""The commands for auditors and reviews: `evidence`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.command.app import app
from streams.command.options import Config, Data, settings_of
from streams.site.errors import Stop

HEADING = "Show it to others"


@app.command(short_help="Write what is proven, and by what, for an auditor.")
def evidence(
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write: new, empty, or of an earlier pack.", metavar="DIR"),
    ] = None,
    identity: Annotated[
        str | None, typer.Option(help="Only identities whose key contains this.", metavar="TEXT")
    ] = None,
    control: Annotated[str | None, typer.Option(help="Only this control.", metavar="NAME")] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only rows with evidence since then: 30d, a time.", metavar="TIME"),
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="What was known then, by the history.", metavar="TIME")
    ] = None,
    sign: Annotated[
        Path | None,
        typer.Option(help="Private Ed25519 key (PEM) that signs the statement.", metavar="FILE"),
    ] = None,
    check: Annotated[Path | None, typer.Option(help="Check a pack instead.", metavar="DIR")] = None,
    key: Annotated[
        Path | None,
        typer.Option(help="With --check: the public key of the signature (PEM).", metavar="FILE"),
    ] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Write a folder with what each control is worth for each identity, the events behind it, and the queries
    that give both: as OSCAL assessment results, OCSF and CSV, with a statement over all files.

    The same rows give the same bytes, so two packs can be compared, and a pack can be made again to be
    believed. docs/evidence.md says what each file holds and how a signature is checked.

    \b
    Example:  gapwatch evidence --out pack --sign pack.key
    Example:  gapwatch evidence --out pack --control revoked_credential_used --since 90d
    Example:  gapwatch evidence --check pack --key pack.pub
    """
    from streams.command.packing import check_pack, write_pack

    if check is not None:
        check_pack(check, key)
        return
    if out is None:
        raise Stop("Name the folder to write: --out DIR; or a pack to check: --check DIR.", code=2)
    write_pack(settings_of(config, data), out, identity, control, since, as_of, sign)

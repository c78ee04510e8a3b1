"""Reads settings from file, environment and command line, and says where a wrong one was set."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from streams.site.errors import SettingsError
from streams.site.settings import ENV_PREFIX, Settings

CONFIG_VARIABLE = ENV_PREFIX + "CONFIG"

UNCLEAR = {"string_pattern_mismatch", "too_short"}
"""Errors whose own words (a regular expression, "items") say nothing to the one who set the value."""


def load(config: Path | None = None, **overrides: Any) -> Settings:
    """Returns the settings from all places; an override of None counts as not given.

    Raises SettingsError, naming the key and the file, variable or option that holds it.
    """
    config = config or (Path(named) if (named := os.environ.get(CONFIG_VARIABLE)) else None)
    in_file = _read(config) if config else {}
    in_environment = _in_environment()
    given = {key: value for key, value in overrides.items() if value is not None}
    places = dict.fromkeys(in_file, f"in {config}")
    places |= {key: f"in the variable {ENV_PREFIX}{key.upper()}" for key in in_environment}
    places |= dict.fromkeys(given, "on the command line")
    try:
        return Settings(**{k: v for k, v in in_file.items() if k not in in_environment} | given)
    except ValidationError as error:
        raise SettingsError(_explain(error, places)) from None


def _read(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"Cannot read the settings file {path}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}.") from None
    for key in values:
        _known(key, key, f"in {path}")
    return values


def _in_environment() -> set[str]:
    """Keys set by variables; an empty variable counts as not set."""
    keys = set()
    for variable, value in os.environ.items():
        if variable.upper().startswith(ENV_PREFIX) and variable != CONFIG_VARIABLE and value:
            key = variable[len(ENV_PREFIX) :].lower()
            _known(key, variable, "in the environment")
            keys.add(key)
    return keys


def _known(key: str, shown: str, where: str) -> None:
    if key in Settings.model_fields:
        return
    near = get_close_matches(key, Settings.model_fields, n=1)
    # As it has to be written there: a key in a file, GAPWATCH_KEY in the environment.
    wanted = [name if shown == key else ENV_PREFIX + name.upper() for name in near]
    hint = f"Did you mean {wanted[0]}?" if wanted else "`gapwatch run --settings` lists all settings."
    raise SettingsError(f"Unknown setting {shown} {where}. {hint}")


def _explain(error: ValidationError, places: Mapping[str, str]) -> str:
    """One line per wrong setting; the value itself is left out, since it may be a secret."""
    lines = []
    for item in error.errors(include_input=False, include_url=False):
        key = str(item["loc"][0]) if item["loc"] else "?"
        said = item["msg"].removeprefix("Value error, ")
        if item["type"] in UNCLEAR and key in Settings.model_fields:
            said = f"it takes the {_described(key)}"
        lines.append(f"Setting {key} {places.get(key, 'by default')} is not usable: {said}.")
    return "\n".join(lines)


def _described(key: str) -> str:
    """The first sentence on a setting, as the middle of one."""
    first = (Settings.model_fields[key].description or key).split(". ")[0].rstrip(".")
    return first.removeprefix("The ")

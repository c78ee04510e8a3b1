"""Seeded chance: the ids that AWS would give. The same seed gives the same ids in the same order."""

from __future__ import annotations

import base64
import random
import uuid

KEY_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
TOKEN_BYTES = 330
"""A session token in a record has some 450 characters."""


class Chance(random.Random):
    """Python's generator with ids; nothing that it makes has ever opened anything."""

    def uuid(self) -> str:
        """Returns a drawn UUID of version 4: the same for the same seed."""
        return str(uuid.UUID(int=self.getrandbits(128), version=4))

    def unique_id(self, prefix: str, letters: int = 16) -> str:
        """Returns an id of IAM: AKIA…, ASIA…, AIDA…, AROA…"""
        return prefix + "".join(self.choices(KEY_LETTERS, k=letters))

    def token(self) -> str:
        """Returns a drawn text in the form of a session token, recognisable as an example."""
        return "EXAMPLE" + base64.b64encode(self.randbytes(TOKEN_BYTES)).decode()

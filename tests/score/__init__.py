"""The score: what gapwatch finds of the cases whose truth is known, what it misses, and what it says falsely.

``python -m tests.score`` prints it. The parts: ``rules`` (when a case is found, when a finding is false), one
module per body of truth, ``table`` (how it is shown).
"""

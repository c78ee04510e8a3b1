"""What is a gap: one file per control, each a pure ``judge`` of (dossier, clock). The folder is the
catalogue.
"""

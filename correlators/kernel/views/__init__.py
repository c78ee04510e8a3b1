"""What a control reads: the view of a dossier, ends, silence, severity, places, rotations, declared state."""

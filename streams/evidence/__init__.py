"""Evidence packs: what is known of an estate, in the forms that auditors and their programs take."""

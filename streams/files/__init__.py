"""Log files: which there are, and the records in them."""

"""How findings and their stories look to people."""

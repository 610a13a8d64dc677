"""How the members of a stack come to agree: who gives way, and what they agree on then."""

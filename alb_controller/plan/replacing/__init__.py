"""Replacement without a gap: what is new takes over once it serves, what is old leaves slowly."""

"""AWS's quotas: what of a stack counts, and who has no room."""

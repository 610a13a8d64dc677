"""What becomes of a request that a rule forwards: group, target, and what the target sees."""

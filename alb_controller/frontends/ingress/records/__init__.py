"""What a group's members asked for when AWS took it, noted on the objects (ADR 32)."""

"""The webhooks' certificate: read from files, or made, kept in a Secret and rotated (ADR 17)."""

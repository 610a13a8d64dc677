"""Listener rules: which found rule becomes which desired one, and in which steps."""

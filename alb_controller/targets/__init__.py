"""Endpoints of a binding: what to register, which networking they need, what has changed; pure."""

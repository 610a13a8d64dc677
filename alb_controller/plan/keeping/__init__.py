"""What AWS has of members of whom nothing is known stays while others change (ADR 32)."""

from .stack import keeping

__all__ = ["keeping"]

"""What AWS documents that it refuses, found in what is asked for before any call (ADR 31)."""

from .stack import out_of_limits

__all__ = ["out_of_limits"]

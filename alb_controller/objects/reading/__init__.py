"""Reads JSON that others wrote: out comes a value or a msgspec.DecodeError, whatever is in it."""

from alb_controller.objects.reading.reader import Reading, Unreadable, decode, read, read_object

__all__ = ["Reading", "Unreadable", "decode", "read", "read_object"]

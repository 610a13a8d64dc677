"""Whether a flag or gate does something yet, and which values are refused while it does not."""

from __future__ import annotations

import enum


class Served(enum.Enum):
    """What happens to a flag or gate of LBC here; the value is its name in the docs."""

    YES = "yes"
    DEFAULT_ALONE = "only the default"
    """LBC's default is what we do; another value is refused."""
    NOT_YET = "not yet"
    """A feature that is not there: its default and `false` are accepted, and listed."""
    NO_EFFECT_YET = "no effect yet"
    """Tunes a feature that is not there: any value is accepted, and listed when it is given."""

    def accepts(self, value: object, default: object) -> bool:
        """Whether a controller may start with this value."""
        match self:
            case Served.YES | Served.NO_EFFECT_YET:
                return True
            case Served.DEFAULT_ALONE:
                return value == default
            case Served.NOT_YET:
                return value == default or value is False

    def is_worth_reporting(self, value: object, *, given: bool) -> bool:
        """Whether the operator should hear at start that this has no effect.

        True for what was asked for in words, and for features that LBC has on by default.
        """
        match self:
            case Served.YES | Served.DEFAULT_ALONE:
                return False
            case Served.NO_EFFECT_YET:
                return given
            case Served.NOT_YET:
                return given or value is True

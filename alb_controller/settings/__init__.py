"""What an operator can set: one table of flags, LBC's (spec 10.2), and its reader."""

from alb_controller.settings.forms import BindAddress, ThrottleRule
from alb_controller.settings.gates import FeatureGates, gate_rows
from alb_controller.settings.parsing import InvalidSetting, parse_settings
from alb_controller.settings.served import Served
from alb_controller.settings.table import FlagRow, Settings, flag_rows

__all__ = [
    "BindAddress",
    "FeatureGates",
    "FlagRow",
    "InvalidSetting",
    "Served",
    "Settings",
    "ThrottleRule",
    "flag_rows",
    "gate_rows",
    "parse_settings",
]

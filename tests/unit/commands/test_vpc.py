"""Which VPC `--live` reads."""

from __future__ import annotations

import pytest

from alb_controller.aws.metadata import InstanceMetadata
from alb_controller.commands.live import vpc_of
from alb_controller.errors import ControllerError

_SILENT = InstanceMetadata(disabled=True)


def test_the_vpc_is_the_one_of_the_environment() -> None:
    """On a machine that is no instance."""
    assert vpc_of({"AWS_VPC_ID": "vpc-1"}, _SILENT) == "vpc-1"


def test_without_a_vpc_the_error_names_the_variable() -> None:
    """Not a flag, which `route` and `state` do not have."""
    with pytest.raises(ControllerError, match="set the environment variable AWS_VPC_ID"):
        vpc_of({"AWS_VPC_ID": ""}, _SILENT)

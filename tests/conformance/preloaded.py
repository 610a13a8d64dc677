"""Imported by the process that controllers are forks of: what each would parse for itself."""

from __future__ import annotations

import botocore.session

from tests import sdk_models

SERVICES = ("elbv2", "ec2", "acm", "wafv2", "resourcegroupstaggingapi")

sdk_models.parse_once()
_session = botocore.session.get_session()
for _service in SERVICES:
    _session.create_client(
        _service, region_name="eu-west-1", aws_access_key_id="none", aws_secret_access_key="none"
    )

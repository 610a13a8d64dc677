"""One machine image, for instances to be made of.

moto reads some 1,300 of them at each start and each reset, which takes it longer than all that a
controller asks for meanwhile.
"""

from __future__ import annotations

from moto.ec2.models import amis

from alb_controller.sandbox.aws.account import IMAGE


def keep_one() -> None:
    """Of moto's images of all regions, and none of those of one region."""
    amis.AMIS[:] = [image for image in amis.AMIS if image["ami_id"] == IMAGE]
    vars(amis)["load_resource"] = lambda _path: []  # a name that it imports

"""Route 53, as far as certificates are validated by it."""

from __future__ import annotations

from typing import Any

from moto.route53.exceptions import InvalidInput, Route53ClientError

from .patching import Moto, Patch
from .surface import Route53


def report_missing_records(
    moto: Moto, self: Any, zoneid: str, change_list: list[dict[str, Any]]
) -> None:
    """ChangeResourceRecordSets: deleting a record that is not there is an InvalidChangeBatch that
    says so.
    """
    try:
        moto(self, zoneid, change_list)
    except InvalidInput as error:
        deleted = [one for one in change_list if one["Action"] == "DELETE"]
        if not deleted:
            raise
        name = deleted[0]["ResourceRecordSet"]["Name"]
        raise Route53ClientError(
            "InvalidChangeBatch",
            f"[Tried to delete resource record set [name='{name}'] but it was not found]",
        ) from error


PATCHES = (
    Patch(
        Route53, "change_resource_record_sets", report_missing_records, "ChangeResourceRecordSets"
    ),
)

"""Files that are written from the code's tables: `make gen`; a test says they are current.

python -m tests.meta.generated
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec

from alb_controller.aws.iam import PARTITIONS, POD_IDENTITY, PolicyRequest, policy_json
from alb_controller.objects.annotations.reference import annotations_page
from alb_controller.objects.events import events_page
from alb_controller.sandbox.aws.moto_patches import patches_page
from alb_controller.settings.reference import flags_page
from alb_controller.telemetry.reference import metrics_page
from tests.meta.chart_rules import chart_rules
from tests.meta.permissions_page import permissions_page
from tests.meta.sources import ROOT

GENERATED: dict[str, Callable[[], str]] = {
    "charts/alb-controller/templates/_rules.tpl": chart_rules,
    "docs/reference/annotations.md": annotations_page,
    "docs/reference/events.md": events_page,
    "docs/reference/flags.md": flags_page,
    "docs/reference/metrics.md": metrics_page,
    "docs/reference/moto-patches.md": patches_page,
    "docs/reference/permissions.md": permissions_page,
}

POLICIES = {
    "policy": PolicyRequest(),
    "pod-identity": PolicyRequest(scope=POD_IDENTITY),
    "certificates": PolicyRequest(features=frozenset({"certificate-management"}), with_base=False),
}
GENERATED |= {
    f"iam/{partition}/{name}.json": partial(
        policy_json, msgspec.structs.replace(policy_request, partition=partition)
    )
    for partition in PARTITIONS
    for name, policy_request in POLICIES.items()
}


def main() -> None:
    """Write every generated file that is not current."""
    for name, content in GENERATED.items():
        path = ROOT / name
        text = content()
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {name}")


if __name__ == "__main__":
    main()

"""Objects that cannot be read, in a process that has never known them."""

from __future__ import annotations

from typing import Any

import msgspec

from alb_controller.kube.store import Stores
from alb_controller.objects.core import KubeObject
from alb_controller.objects.reading import Unreadable

PROBLEM = "Expected `object`, got `int` - at `$.spec`"


def turn_unreadable(stores: Stores, obj: KubeObject, *places: str, **left: Any) -> None:
    """As if the process had begun with it: `places` cannot be read, `left` stands there then.

    Without places it is the spec.
    """
    store = stores.of(type(obj))
    others = [one for one in store.list() if one.key != obj.key]
    kept = left or {"spec": type(obj.spec)()} if hasattr(obj, "spec") else left
    item = Unreadable(msgspec.structs.replace(obj, **kept), PROBLEM, places or ("$.spec",))
    for unreadable in ([], [item]):
        store.replace(others, store.version, unreadable=unreadable, is_rewound=True)

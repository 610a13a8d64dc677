"""What AWS documents that it refuses, as tables: fields, attributes, quotas, each with its source.

For checks before a call, and for the sandbox's AWS, which refuses by these rows. A source is a page
of the Elastic Load Balancing API reference if it is one word, and the title of a page of a user
guide otherwise.
"""

from .attributes import (
    LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    TARGET_GROUP_ATTRIBUTES,
    Attribute,
)
from .fields import FIELDS
from .forms import Choice, Limit, Number, Text
from .quotas import QUOTAS, Quota

__all__ = [
    "FIELDS",
    "LISTENER_ATTRIBUTES",
    "LOAD_BALANCER_ATTRIBUTES",
    "QUOTAS",
    "TARGET_GROUP_ATTRIBUTES",
    "Attribute",
    "Choice",
    "Limit",
    "Number",
    "Quota",
    "Text",
]

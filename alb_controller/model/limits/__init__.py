"""What AWS documents that it refuses, as tables: fields, attributes, quotas, each with its source.

For checks before a call, and for the sandbox's AWS, which refuses by these rows. A source is a page
of the Elastic Load Balancing API reference if it is one word, and the title of a page of a user
guide otherwise.
"""

from .attributes import (
    ALB,
    LISTENER_ATTRIBUTES,
    LOAD_BALANCER_ATTRIBUTES,
    NLB,
    TARGET_GROUP_ATTRIBUTES,
    Attribute,
    attribute_problem,
)
from .expressions import is_beyond_dialect
from .fields import FIELDS, tag_problem
from .forms import Choice, Limit, Number, Text, shown
from .quotas import QUOTAS, Quota

__all__ = [
    "ALB",
    "FIELDS",
    "LISTENER_ATTRIBUTES",
    "LOAD_BALANCER_ATTRIBUTES",
    "NLB",
    "QUOTAS",
    "TARGET_GROUP_ATTRIBUTES",
    "Attribute",
    "Choice",
    "Limit",
    "Number",
    "Quota",
    "Text",
    "attribute_problem",
    "is_beyond_dialect",
    "shown",
    "tag_problem",
]

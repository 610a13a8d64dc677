"""IngressClassParams: what the reference refuses, and what no Ingress could do with (spec 2.2)."""

from __future__ import annotations

from collections.abc import Iterator

from alb_controller.frontends.ingress.load import LoadedMember
from alb_controller.frontends.ingress.member import Problems
from alb_controller.frontends.ingress.params import FIELD, check_params
from alb_controller.objects.elbv2 import IngressClassParams
from alb_controller.objects.networking import Ingress
from alb_controller.settings import Settings
from alb_controller.webhooks.judging.ingresses import translate_alone
from alb_controller.webhooks.judging.verdicts import ALLOWED, Finding, Verdict, Weight, judge


def judge_params(
    new: IngressClassParams, old: IngressClassParams | None, settings: Settings
) -> Verdict:
    """The verdict on new or changed parameters."""
    if new.is_deleting or (old is not None and new.spec == old.spec):
        return ALLOWED
    before = _findings(old, settings) if old is not None else ()
    return judge(_findings(new, settings), before, is_strict=settings.strict_admission)


def _findings(params: IngressClassParams, settings: Settings) -> Iterator[Finding]:
    refused = {f"{found.field}: {found.problem}" for found in check_params(params.spec)}
    for sentence in sorted(refused):
        yield Finding(Weight.REFUSED, sentence)
    for sentence in _told_to_members(params, settings):
        if sentence not in refused:
            yield Finding(Weight.DOUBTFUL, sentence)


def _told_to_members(params: IngressClassParams, settings: Settings) -> Iterator[str]:
    """What an Ingress that says nothing itself would be told of its class."""
    try:
        translate_alone(LoadedMember(ingress=Ingress(), params=params), {}, settings)
    except Problems as problems:
        yield from (str(found).removeprefix(FIELD) for found in problems.found)

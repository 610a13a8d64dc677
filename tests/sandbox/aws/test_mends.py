"""Every mend is tested, documented and put once."""

from __future__ import annotations

from pathlib import Path

from alb_controller.sandbox.aws import truth
from tests.sandbox.aws.refusals.tables import REFUSED, TAKEN


def test_every_mend_has_a_test() -> None:
    """A mend without a test of its name would be a claim about AWS that nothing holds."""
    texts = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    in_tables = {case.check for case in REFUSED + TAKEN}
    missing = {
        mend.name
        for mend in truth.MENDS
        if f"def test_{mend.name}" not in texts
        and f'id="{mend.name}"' not in texts
        and mend.name not in in_tables
    }
    assert not missing


def test_every_mend_names_its_rule_and_source() -> None:
    """The generated page is only as good as the docstrings."""
    for mend in truth.MENDS:
        assert len(mend.rule) > 20, mend.name
        assert mend.source, mend.name
        assert f"`{mend.name}`" in truth.mends_page()


def test_mends_are_put_once() -> None:
    """Putting them twice would stack them."""
    truth.put_right()
    before = [getattr(mend.owner, mend.method, None) for mend in truth.MENDS]
    truth.put_right()
    assert [getattr(mend.owner, mend.method, None) for mend in truth.MENDS] == before

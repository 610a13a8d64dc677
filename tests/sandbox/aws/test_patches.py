"""Every patch is tested, documented and put once."""

from __future__ import annotations

from pathlib import Path

from alb_controller.sandbox.aws import moto_patches
from tests.sandbox.aws.refusals.tables import REFUSED, TAKEN


def test_every_patch_has_a_test() -> None:
    """A patch without a test of its name would be a claim about AWS that nothing holds."""
    texts = "\n".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    in_tables = {case.check for case in REFUSED + TAKEN}
    missing = {
        patch.name
        for patch in moto_patches.PATCHES
        if f"def test_{patch.name}" not in texts
        and f'id="{patch.name}"' not in texts
        and patch.name not in in_tables
    }
    assert not missing


def test_every_patch_names_its_rule_and_source() -> None:
    """The generated page is only as good as the docstrings."""
    for patch in moto_patches.PATCHES:
        assert len(patch.rule) > 20, patch.name
        assert patch.source, patch.name
        assert f"`{patch.name}`" in moto_patches.patches_page()


def test_patches_are_put_once() -> None:
    """Putting them twice would stack them."""
    moto_patches.apply_patches()
    before = [getattr(patch.owner, patch.method, None) for patch in moto_patches.PATCHES]
    moto_patches.apply_patches()
    assert [getattr(patch.owner, patch.method, None) for patch in moto_patches.PATCHES] == before

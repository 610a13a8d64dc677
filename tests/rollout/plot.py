"""Draws docs/explanation/rollout.svg: requests that fail in a rollout, with gates and without.

    python -m tests.rollout.plot

Not a check: its curves are those of one run on this machine.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from tests.rollout.wire import Outcome, Plan, roll_out

_FILE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "rollout.svg"
_WIDTH, _HEIGHT, _LEFT, _TOP = 640, 150, 60, 40
_COLOURS = {"answered": "#4a90d9", "failed": "#d0021b"}


def main() -> None:
    """Roll out twice and draw both."""
    outcomes = {}
    for text, has_gates in (("with readiness gates", True), ("without readiness gates", False)):
        with tempfile.TemporaryDirectory() as folder:
            made = roll_out(Plan(has_gates=has_gates), Path(folder))
        lost = len(made.failed)
        outcomes[f"{text}: {lost} of {len(made.asked)} requests failed"] = made
        print(f"{text}: {lost} of {len(made.asked)} failed in {made.lasted:.1f} s")
    _FILE.write_text(_drawing(outcomes))


def _drawing(outcomes: dict[str, Outcome]) -> str:
    seconds = max(int(one.lasted) + 1 for one in outcomes.values())
    panels = [
        _panel(title, one, seconds, _TOP + number * (_HEIGHT + 80))
        for number, (title, one) in enumerate(outcomes.items())
    ]
    height = len(panels) * (_HEIGHT + 80) + _TOP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + 2 * _LEFT} {height}"'
        ' font-family="sans-serif" font-size="12">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{"".join(panels)}</svg>\n'
    )


def _panel(title: str, outcome: Outcome, seconds: int, top: int) -> str:
    counts = {
        "answered": Counter(int(one.at) for one in outcome.asked if one.status == 200),
        "failed": Counter(int(one.at) for one in outcome.failed),
    }
    most = max((max(one.values(), default=1) for one in counts.values()), default=1)
    bottom = top + _HEIGHT
    lines = [f'<text x="{_LEFT}" y="{top - 12}" font-weight="bold">{title}</text>\n']
    for name, count in counts.items():
        points = " ".join(
            f"{_LEFT + second * _WIDTH / seconds:.1f},{bottom - count[second] * _HEIGHT / most:.1f}"
            for second in range(int(outcome.lasted) + 1)
        )
        colour = _COLOURS[name]
        lines.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>\n'
        )
    right = _LEFT + _WIDTH
    lines.append(f'<path d="M{_LEFT},{top}V{bottom}H{right}" fill="none" stroke="#333"/>\n')
    lines.append(f'<text x="{_LEFT - 8}" y="{top + 8}" text-anchor="end">{most}/s</text>\n')
    lines.append(f'<text x="{right}" y="{bottom + 18}" text-anchor="end">{seconds} s</text>\n')
    lines.append(f'<text x="{_LEFT}" y="{bottom + 18}" fill="#4a90d9">answered</text>\n')
    lines.append(f'<text x="{_LEFT + 80}" y="{bottom + 18}" fill="#d0021b">failed</text>\n')
    return "".join(lines)


if __name__ == "__main__":
    main()

r"""Matching against the wildcards of AWS: `*` any text, `?` any character, `\` the next literally.

Users write the patterns, so none becomes a regular expression: some make `re` backtrack for ever,
and it holds the interpreter, with probes and Lease, meanwhile.
Source: "List and filter using the CLI and API" of the Amazon EC2 user guide.
"""

from __future__ import annotations


def matches(pattern: str, text: str) -> bool:
    """Whether the pattern matches the whole text, letter case included.

    Only the last `*` met is reconsidered: the time grows at most with the product of the lengths.
    """
    at = place = 0
    star, resumed = -1, 0  # behind the last `*`, and where in the text that was last tried
    while place < len(text):
        part = _part(pattern, at)
        if part == "*":
            at += 1
            star, resumed = at, place
        elif part == "?" or part[-1:] == text[place]:
            at, place = at + len(part), place + 1
        elif star >= 0:
            resumed += 1
            at, place = star, resumed
        else:
            return False
    return not pattern[at:].strip("*")


def _part(pattern: str, at: int) -> str:
    """What one character of the text is matched against; empty behind the end."""
    return pattern[at : at + 2] if pattern.startswith("\\", at) else pattern[at : at + 1]

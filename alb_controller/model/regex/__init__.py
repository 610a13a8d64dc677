"""Regular expressions of users, in RE2's syntax, matched in time that grows with the text alone.

Python's `re` backtracks: an expression out of a manifest could hold the interpreter for ever. This
one keeps every way through the expression at once (Thompson, Pike). Source: github.com/google/re2,
wiki page Syntax; Application Load Balancers speak its dialect (no lookaround, no backreference).
"""

from .parsing import BadExpression
from .running import Expression, Found, compiled

__all__ = ["BadExpression", "Expression", "Found", "compiled"]

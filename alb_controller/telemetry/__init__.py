"""Metrics and logs: what the process tells an operator, whatever it works on."""

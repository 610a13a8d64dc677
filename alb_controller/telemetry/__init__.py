"""Metrics and logs: what the process shows an operator, whatever it works on."""

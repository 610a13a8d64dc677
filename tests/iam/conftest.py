"""Recorded cases run here as they do in tests/conformance."""

from tests.conformance.conftest import kubeconfig, moto

__all__ = ["kubeconfig", "moto"]

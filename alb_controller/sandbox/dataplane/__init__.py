"""The wire: load balancers of a state served by Envoy on loopback (ADR 38)."""

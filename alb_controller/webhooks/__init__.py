"""Admission: reviews of the Kubernetes API in, verdicts out, over HTTPS (spec 10.1)."""

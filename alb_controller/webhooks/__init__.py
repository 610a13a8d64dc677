"""Admission: reviews of the Kubernetes API in, responses out, over HTTPS (spec 10.1)."""

"""The offline world: a Kubernetes API, an AWS and the demo. Needs the extra `sandbox`."""

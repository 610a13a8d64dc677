"""The offline world: an embedded Kubernetes API, a local AWS and the demo. Needs the extra `sandbox`."""

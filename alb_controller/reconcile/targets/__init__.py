"""The second loop: bindings become registered targets and the ingress rules that these need."""

"""What a member of a group may set and take for Ingresses of other namespaces (ADR 34)."""

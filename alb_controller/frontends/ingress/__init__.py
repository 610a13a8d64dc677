"""Ingress: which Ingresses form a group, what they ask for, and what their users see."""

"""Commands that read and tell: no write to AWS or Kubernetes is reachable from here."""

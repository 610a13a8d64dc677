"""What AWS or Kubernetes refuses: who is at fault, and until when it is not asked for again."""

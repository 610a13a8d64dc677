"""What AWS has, as a versioned document: the FILE of `--state` (docs/how-to/ask-for-a-route.md)."""

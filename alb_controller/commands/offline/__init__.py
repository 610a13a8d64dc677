"""A state from manifests alone: the real pipeline over an account that has what is named."""

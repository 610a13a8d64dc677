"""A state as the configuration of Envoy; pure, but for the files of certificates."""

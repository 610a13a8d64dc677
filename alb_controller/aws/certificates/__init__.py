"""Certificates and trust stores: what is found, and what the controller requests itself."""

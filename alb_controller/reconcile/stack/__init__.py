"""The pass over one stack: load, translate, compile, prerequisites, deploy, publish (ADR 16)."""

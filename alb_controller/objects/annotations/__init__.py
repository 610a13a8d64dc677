"""Annotations that users write: how rows are read, and a table of them for each API.

`rows` has what a row is and its readers, `values` and `json` how values are read. A table is a
module, whose rows are reached as `rows.SCHEME`: `ingress_table` for Ingresses and their Services.
"""

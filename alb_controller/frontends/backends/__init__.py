"""A port of a Service as a backend, for every front end: settings and numbers, put together."""

"""`alb-controller route`: what becomes of a request."""

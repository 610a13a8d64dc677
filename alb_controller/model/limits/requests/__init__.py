"""What AWS refuses of a request for a rule or a listener, beyond the form of single fields.

Tables of checks in the order of AWS's answers as far as it is known, each with its source. The
sandbox's AWS asks them, and `alb-controller route --kind validate`.
"""

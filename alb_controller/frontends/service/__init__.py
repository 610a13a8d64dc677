"""Services of type LoadBalancer on network load balancers: a spike over the seam (ADR 16).

It serves plain TCP ports, refuses every annotation of the API, and is not wired into the process:
what is missing of spec B comes with the front end itself.
"""

"""The network load balancer in front: what members want of it, and what they agree on."""

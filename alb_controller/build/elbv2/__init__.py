"""The builder for Elastic Load Balancing v2."""

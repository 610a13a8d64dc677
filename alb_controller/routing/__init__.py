"""What an Application Load Balancer does with one request, by AWS's documentation (ADR 37)."""

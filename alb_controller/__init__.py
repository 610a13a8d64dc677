"""A load balancer controller for EKS: Ingresses become shared Application Load Balancers."""

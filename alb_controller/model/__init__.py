"""What should exist, and what was found: frozen AWS and Kubernetes resources in AWS's own words."""

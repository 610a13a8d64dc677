"""What users and Kubernetes write: JSON decoded to frozen structs of the fields we read."""

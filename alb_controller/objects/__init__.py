"""What users and Kubernetes write, decoded: JSON to frozen structs that hold only the fields we read."""

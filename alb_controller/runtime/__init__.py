"""Queue, workers and health endpoints; knows neither AWS nor Kubernetes."""

"""The API over HTTPS: requests, answers, discovery, tables and streams."""

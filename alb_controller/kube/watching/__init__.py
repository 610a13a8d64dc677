"""What a watch of a kind goes through before it is known."""

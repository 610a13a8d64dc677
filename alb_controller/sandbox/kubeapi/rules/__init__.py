"""What each kind demands and computes when it is written."""

"""The loops: observe, decide with the pure packages, apply over both edges."""

"""The APIs users speak, each translated into the one intent."""

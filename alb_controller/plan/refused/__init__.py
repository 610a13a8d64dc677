"""Plans without what AWS refuses."""

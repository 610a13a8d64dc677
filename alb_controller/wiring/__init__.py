"""The loops of the process, put together: which front ends there are, and what wakes which key."""

"""Intent and facts become a stack; shared by every front end."""

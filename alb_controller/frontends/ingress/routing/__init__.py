"""One Ingress's rules as routes: conditions, guards, actions, and what can never be reached."""

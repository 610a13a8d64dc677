"""Web ACLs, protection, capacity and address pools: what members want, and what they agree on."""

"""Both roads of martlet, sync and awaited, beside requests."""

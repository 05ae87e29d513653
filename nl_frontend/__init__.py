"""Question in, draft out. It never executes anything."""

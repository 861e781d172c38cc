"""Background work: thin shells around actions, and the isolated children that look at photos."""

"""Other machines: the only room that reaches the network, and only when the user asked for it."""

"""The `facekeep` command: parses and prints. Heavy parts are loaded by the command that needs them."""

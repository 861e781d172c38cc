"""HTTP ↔ actions: parses, asks, prints. Decides nothing."""

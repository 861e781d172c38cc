"""What facekeep knows about photos, faces and people: pure values and decisions, no input or output."""

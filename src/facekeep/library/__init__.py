"""The photo folders: walking them, telling what is a photo, and recognising content."""

"""facekeep finds the people in a photo library and never loses what its user told it."""

__version__ = "0.1.0"

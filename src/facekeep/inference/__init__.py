"""Pixels to domain values: decoding pictures, finding faces in them and embedding those."""

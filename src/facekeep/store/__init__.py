"""The one truth: domain values to PostgreSQL rows and back. The only room that imports the driver."""

"""One verb a function: orders the steps and opens the write transaction."""

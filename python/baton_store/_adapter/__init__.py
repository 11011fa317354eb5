"""Code that the adapters for other projects share: names of any string, and values of any size."""

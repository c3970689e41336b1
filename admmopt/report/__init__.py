"""Console tables, progress, plots."""

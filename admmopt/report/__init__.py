"""What a person sees of a solve: console tables, live progress, plots."""

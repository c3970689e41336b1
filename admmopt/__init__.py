"""admmopt."""

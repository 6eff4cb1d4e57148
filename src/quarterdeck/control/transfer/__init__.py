"""Work in and out: our own portable export, its import, and import from CSV."""

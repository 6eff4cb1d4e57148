"""The built dashboard, carried as package data in `dist/`. Its source is `ui/`."""

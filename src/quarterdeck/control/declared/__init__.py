"""What quarterdeck.toml declares, and how it becomes rows."""

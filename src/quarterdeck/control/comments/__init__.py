"""What people and agents say to each other about the work."""

"""What tasks hand in: deliverables and their versions."""

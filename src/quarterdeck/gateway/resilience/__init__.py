"""What the gateway learns of its targets from the calls it makes: pure, with the time passed in."""

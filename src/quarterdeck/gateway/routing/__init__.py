"""Which route a call takes, and what its walk through it may know. Pure: no request is sent from here."""

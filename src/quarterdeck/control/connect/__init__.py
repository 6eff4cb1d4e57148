"""How real agents connect: what to copy, with this server's address in it."""

"""Virtual keys, as people make, see, rotate and revoke them."""

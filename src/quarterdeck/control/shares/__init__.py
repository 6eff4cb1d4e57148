"""Links by which somebody without an account may read one task or one report of costs."""

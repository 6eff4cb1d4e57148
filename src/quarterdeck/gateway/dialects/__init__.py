"""What providers and clients speak. Pure code: bytes in, values out, no I/O."""

"""Our own pooled upstream HTTP/1.1 client, behind one seam."""

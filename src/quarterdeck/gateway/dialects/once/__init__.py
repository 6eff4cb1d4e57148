"""Embeddings and reranking: asked and answered once, with a neutral form of their own."""

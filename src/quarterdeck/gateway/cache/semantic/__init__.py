"""Answers to requests that mean the same: embeddings find candidates, words that must agree decide."""

"""Full-text search over what calls brought in and what was answered: words only, the texts stay in the packs.

Filled behind the ingest (worker/searching.py), split by week as the bodies are, and dropped with them.
"""

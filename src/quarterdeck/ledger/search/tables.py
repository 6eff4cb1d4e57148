"""Tables of the search. On SQLite the words are in `search_words_<week>`, a contentless FTS5 table beside the docs."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR

from quarterdeck.db import metadata

search_docs = sa.Table(
    "search_docs",
    metadata,
    sa.Column("epoch", sa.Integer, nullable=False),
    sa.Column("no", sa.BigInteger, nullable=False),
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("call_id", sa.Text, nullable=False),
    sa.Column("words", TSVECTOR().with_variant(sa.Text(), "sqlite")),
    sa.PrimaryKeyConstraint("epoch", "no"),
    sa.Index("ix_search_docs_words", "words", postgresql_using="gin", sqlite_where=sa.text("words IS NOT NULL")),
    postgresql_partition_by="LIST (epoch)",
    sqlite_with_rowid=False,
)
"""One for each call that has words, numbered in the order of time; on SQLite `words` is empty."""

search_marks = sa.Table(
    "search_marks",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("call_id", sa.Text, nullable=False),
)
"""How far the index goes. Name empty: forward, in the order calls were stored. A workspace's id: back in time, through
calls that were there before there was an index; an empty `call_id` says that it came to the end."""

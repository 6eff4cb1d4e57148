"""ledger."""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'


def upgrade() -> None:
    op.create_table('agent_activity',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('agent_id', sa.Text(), nullable=False),
    sa.Column('last_call_id', sa.Text(), nullable=False),
    sa.Column('last_call_at', sa.BigInteger(), nullable=False),
    sa.Column('last_model', sa.Text(), nullable=True),
    sa.Column('last_outcome', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'agent_id', name=op.f('pk_agent_activity'))
    )
    op.create_table('calls',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(collation='C').with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('started', sa.BigInteger(), nullable=False),
    sa.Column('duration', sa.BigInteger(), nullable=False),
    sa.Column('first_byte', sa.BigInteger(), nullable=True),
    sa.Column('overhead', sa.BigInteger(), nullable=False),
    sa.Column('agent_id', sa.Text(), nullable=True),
    sa.Column('key_id', sa.Text(), nullable=True),
    sa.Column('run_id', sa.Text(), nullable=True),
    sa.Column('task_id', sa.Text(), nullable=True),
    sa.Column('attribution', sa.Text(), nullable=False),
    sa.Column('session', sa.Text(), nullable=True),
    sa.Column('trace_id', sa.Text(), nullable=True),
    sa.Column('dialect', sa.Text(), nullable=False),
    sa.Column('endpoint', sa.Text(), nullable=False),
    sa.Column('model_asked', sa.Text(), nullable=False),
    sa.Column('provider', sa.Text(), nullable=True),
    sa.Column('provider_kind', sa.Text(), nullable=True),
    sa.Column('model', sa.Text(), nullable=True),
    sa.Column('model_answered', sa.Text(), nullable=True),
    sa.Column('stream', sa.Boolean(), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.Text(), nullable=False),
    sa.Column('error_code', sa.Text(), nullable=True),
    sa.Column('error_message', sa.Text(), nullable=True),
    sa.Column('attempts', sa.Text(), nullable=False),
    sa.Column('attempt_count', sa.Integer(), nullable=False),
    sa.Column('input_total', sa.BigInteger(), nullable=True),
    sa.Column('cache_read', sa.BigInteger(), nullable=False),
    sa.Column('cache_write_5m', sa.BigInteger(), nullable=False),
    sa.Column('cache_write_1h', sa.BigInteger(), nullable=False),
    sa.Column('output_total', sa.BigInteger(), nullable=False),
    sa.Column('reasoning', sa.BigInteger(), nullable=False),
    sa.Column('audio_in', sa.BigInteger(), nullable=False),
    sa.Column('audio_out', sa.BigInteger(), nullable=False),
    sa.Column('cache_audio_read', sa.BigInteger(), nullable=False),
    sa.Column('server_tools', sa.Text(), nullable=True),
    sa.Column('service_tier', sa.Text(), nullable=True),
    sa.Column('usage_source', sa.Text(), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=True),
    sa.Column('price', sa.LargeBinary(), nullable=True),
    sa.Column('tags', sa.Text(), nullable=True),
    sa.Column('client', sa.Text(), nullable=True),
    sa.Column('body_mode', sa.Text(), nullable=False),
    sa.Column('request_size', sa.BigInteger(), nullable=False),
    sa.Column('response_size', sa.BigInteger(), nullable=False),
    sa.Column('response_type', sa.Text(), nullable=True),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('body_form', sa.SmallInteger(), nullable=False),
    sa.Column('request', sa.LargeBinary(), nullable=True),
    sa.Column('tip', sa.LargeBinary(), nullable=True),
    sa.Column('response', sa.LargeBinary(), nullable=True),
    sa.Column('detail', sa.LargeBinary(), nullable=True),
    sa.Column('conversation_id', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_calls')),
    postgresql_partition_by='RANGE (id)'
    )
    with op.batch_alter_table('calls', schema=None) as batch_op:
        batch_op.create_index('ix_calls_agent', ['workspace_id', 'agent_id', 'id'], unique=False)
        batch_op.create_index('ix_calls_bad', ['workspace_id', 'id'], unique=False, postgresql_where=sa.text("outcome <> 'ok'"), sqlite_where=sa.text("outcome <> 'ok'"))
        batch_op.create_index('ix_calls_conversation', ['workspace_id', 'conversation_id', 'id'], unique=False, postgresql_where=sa.text('conversation_id IS NOT NULL'), sqlite_where=sa.text('conversation_id IS NOT NULL'))
        batch_op.create_index('ix_calls_model', ['workspace_id', 'model', 'id'], unique=False)
        batch_op.create_index('ix_calls_run', ['workspace_id', 'run_id', 'id'], unique=False, postgresql_where=sa.text('run_id IS NOT NULL'), sqlite_where=sa.text('run_id IS NOT NULL'))
        batch_op.create_index('ix_calls_task', ['workspace_id', 'task_id', 'id'], unique=False, postgresql_where=sa.text('task_id IS NOT NULL'), sqlite_where=sa.text('task_id IS NOT NULL'))

    op.create_table('contents',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('hash', sa.LargeBinary(), nullable=False),
    sa.Column('pack', sa.BigInteger(), nullable=False),
    sa.Column('block', sa.BigInteger(), nullable=False),
    sa.Column('start', sa.Integer(), nullable=False),
    sa.Column('length', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'epoch', 'hash', name=op.f('pk_contents')),
    postgresql_partition_by='LIST (epoch)',
    sqlite_with_rowid=False
    )
    op.create_table('conversations',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('agent_id', sa.Text(), nullable=True),
    sa.Column('run_id', sa.Text(), nullable=True),
    sa.Column('task_id', sa.Text(), nullable=True),
    sa.Column('first_call_id', sa.Text(), nullable=False),
    sa.Column('last_call_id', sa.Text(), nullable=False),
    sa.Column('started_at', sa.BigInteger(), nullable=False),
    sa.Column('last_at', sa.BigInteger(), nullable=False),
    sa.Column('calls', sa.BigInteger(), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=False),
    sa.Column('unpriced_calls', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_conversations'))
    )
    op.create_table('idempotency_keys',
    sa.Column('actor', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('digest', sa.LargeBinary(), nullable=False),
    sa.Column('answer', sa.LargeBinary(), nullable=True),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('actor', 'key', name=op.f('pk_idempotency_keys'))
    )
    with op.batch_alter_table('idempotency_keys', schema=None) as batch_op:
        batch_op.create_index('ix_idempotency_keys_at', ['at'], unique=False)

    op.create_table('ingest_offsets',
    sa.Column('journal_id', sa.Text(), nullable=False),
    sa.Column('segment', sa.BigInteger(), nullable=False),
    sa.Column('place', sa.BigInteger(), nullable=False),
    sa.Column('records', sa.BigInteger(), nullable=False),
    sa.Column('damaged', sa.BigInteger(), nullable=False),
    sa.Column('updated_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('journal_id', name=op.f('pk_ingest_offsets'))
    )
    op.create_table('ingest_rejects',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=True, nullable=False),
    sa.Column('journal_id', sa.Text(), nullable=False),
    sa.Column('segment', sa.BigInteger(), nullable=False),
    sa.Column('place', sa.BigInteger(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('payload', sa.LargeBinary(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_ingest_rejects')),
    sqlite_autoincrement=True
    )
    op.create_table('key_activity',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('key_id', sa.Text(), nullable=False),
    sa.Column('last_used_at', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'key_id', name=op.f('pk_key_activity'))
    )
    op.create_table('ledger_entries',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('id', sa.Text(collation='C').with_variant(sa.Text(), 'sqlite'), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('call_id', sa.Text(), nullable=True),
    sa.Column('agent_id', sa.Text(), nullable=True),
    sa.Column('task_id', sa.Text(), nullable=True),
    sa.Column('run_id', sa.Text(), nullable=True),
    sa.Column('key_id', sa.Text(), nullable=True),
    sa.Column('amount', sa.BigInteger(), nullable=False),
    sa.Column('calls', sa.BigInteger(), nullable=False),
    sa.Column('unpriced_calls', sa.BigInteger(), nullable=False),
    sa.Column('note', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('workspace_id', 'id', name=op.f('pk_ledger_entries'))
    )
    with op.batch_alter_table('ledger_entries', schema=None) as batch_op:
        batch_op.create_index('ix_ledger_entries_at', ['workspace_id', 'at'], unique=False)

    op.create_table('nodes',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('epoch', sa.Integer(), nullable=False),
    sa.Column('id', sa.LargeBinary(), nullable=False),
    sa.Column('parent', sa.LargeBinary(), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('depth', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'epoch', 'id', name=op.f('pk_nodes')),
    postgresql_partition_by='LIST (epoch)',
    sqlite_with_rowid=False
    )
    op.create_table('prices',
    sa.Column('id', sa.LargeBinary(), nullable=False),
    sa.Column('source', sa.Text(), nullable=False),
    sa.Column('version', sa.Text(), nullable=False),
    sa.Column('units', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_prices'))
    )
    op.create_table('rollups',
    sa.Column('workspace_id', sa.Text(), nullable=False),
    sa.Column('grain', sa.SmallInteger(), nullable=False),
    sa.Column('dim', sa.Text(), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.Column('at', sa.BigInteger(), nullable=False),
    sa.Column('calls', sa.BigInteger(), nullable=False),
    sa.Column('errors', sa.BigInteger(), nullable=False),
    sa.Column('cancelled', sa.BigInteger(), nullable=False),
    sa.Column('refused', sa.BigInteger(), nullable=False),
    sa.Column('input_tokens', sa.BigInteger(), nullable=False),
    sa.Column('output_tokens', sa.BigInteger(), nullable=False),
    sa.Column('cache_read_tokens', sa.BigInteger(), nullable=False),
    sa.Column('cache_write_tokens', sa.BigInteger(), nullable=False),
    sa.Column('reasoning_tokens', sa.BigInteger(), nullable=False),
    sa.Column('cost', sa.BigInteger(), nullable=False),
    sa.Column('unpriced_calls', sa.BigInteger(), nullable=False),
    sa.Column('estimated_calls', sa.BigInteger(), nullable=False),
    sa.Column('duration', sa.BigInteger(), nullable=False),
    sa.Column('first_byte', sa.BigInteger(), nullable=False),
    sa.Column('first_byte_calls', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('workspace_id', 'grain', 'dim', 'value', 'at', name=op.f('pk_rollups')),
    sqlite_with_rowid=False
    )
    with op.batch_alter_table('rollups', schema=None) as batch_op:
        batch_op.create_index('ix_rollups_at', ['workspace_id', 'grain', 'dim', 'at'], unique=False)

    with op.batch_alter_table('runs', schema=None) as batch_op:
        batch_op.create_index('ix_runs_ended', ['ended_at'], unique=False)


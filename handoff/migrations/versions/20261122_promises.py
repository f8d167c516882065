"""promises"""

import sqlalchemy as sa
from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('canned_reply',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('shortcut', sa.String(length=40), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('topic', sa.String(length=80), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by', sa.String(length=200), nullable=False),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('shortcut', 'language')
    )
    op.create_table('password_link',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('purpose', sa.String(length=8), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_hash')
    )
    with op.batch_alter_table('password_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_password_link_person_id'), ['person_id'], unique=False)

    op.create_table('file',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('media_type', sa.String(length=80), nullable=False),
    sa.Column('size', sa.Integer(), nullable=False),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('file', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_file_conversation_id'), ['conversation_id'], unique=False)

    op.create_table('promise',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=False),
    sa.Column('client_id', sa.String(length=64), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('note', sa.String(length=300), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=True),
    sa.Column('holder_id', sa.Integer(), nullable=True),
    sa.Column('made_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('from_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('moved', sa.Integer(), nullable=False),
    sa.Column('reminded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('kept_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('dropped_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['by_id'], ['person.id'], ),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['holder_id'], ['person.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('conversation_id', 'client_id')
    )
    with op.batch_alter_table('promise', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_promise_conversation_id'), ['conversation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_promise_holder_id'), ['holder_id'], unique=False)
        batch_op.create_index('ix_promise_open', ['kept_at', 'dropped_at', 'due_at'], unique=False)

    op.create_table('report',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('entry_key', sa.String(length=80), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=True),
    sa.Column('by_id', sa.Integer(), nullable=False),
    sa.Column('reason', sa.String(length=20), nullable=False),
    sa.Column('words', sa.String(length=1000), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('settled_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('settled_by', sa.String(length=200), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['person.id'], ),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_report_entry_key'), ['entry_key'], unique=False)
        batch_op.create_index('ix_report_open', ['settled_at', 'at'], unique=False)

    op.create_table('mention',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=False),
    sa.Column('message_id', sa.Integer(), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('by_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['by_id'], ['person.id'], ),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['message_id'], ['message.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], ),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('message_id', 'person_id')
    )
    with op.batch_alter_table('mention', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mention_conversation_id'), ['conversation_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_mention_person_id'), ['person_id'], unique=False)

    # Added one by one: a batch would make these tables anew, and dropping the old ones takes every message along.
    op.add_column('conversation', sa.Column('customer_phone', sa.String(length=40), nullable=True))
    for column in ('shown_seq', 'customer_seen_seq', 'agent_seen_seq', 'mailed_seq'):
        op.add_column('conversation', sa.Column(column, sa.Integer(), server_default='0', nullable=False))
    op.add_column('message', sa.Column('file_id', sa.String(length=32), nullable=True))
    op.add_column('message', sa.Column('hidden_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('message', sa.Column('hidden_by_id', sa.Integer(), nullable=True))
    op.execute('UPDATE conversation SET customer_email = lower(customer_email)')
    op.create_index('ix_conversation_customer_email', 'conversation', ['customer_email'])
    op.execute(
        'UPDATE conversation SET shown_seq = (SELECT COALESCE(MAX(seq), 0) FROM message '
        "WHERE message.conversation_id = conversation.id AND message.kind <> 'note')"
    )
    # What was said before is neither news nor mailed again.
    op.execute('UPDATE conversation SET customer_seen_seq = last_seq, agent_seen_seq = last_seq, mailed_seq = last_seq')



def downgrade() -> None:
    op.drop_index('ix_conversation_customer_email', 'conversation')
    for column in ('hidden_by_id', 'hidden_at', 'file_id'):
        op.drop_column('message', column)
    for column in ('shown_seq', 'mailed_seq', 'agent_seen_seq', 'customer_seen_seq', 'customer_phone'):
        op.drop_column('conversation', column)
    with op.batch_alter_table('mention', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_mention_person_id'))
        batch_op.drop_index(batch_op.f('ix_mention_conversation_id'))

    op.drop_table('mention')
    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.drop_index('ix_report_open')
        batch_op.drop_index(batch_op.f('ix_report_entry_key'))

    op.drop_table('report')
    with op.batch_alter_table('promise', schema=None) as batch_op:
        batch_op.drop_index('ix_promise_open')
        batch_op.drop_index(batch_op.f('ix_promise_holder_id'))
        batch_op.drop_index(batch_op.f('ix_promise_conversation_id'))

    op.drop_table('promise')
    with op.batch_alter_table('file', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_file_conversation_id'))

    op.drop_table('file')
    with op.batch_alter_table('password_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_password_link_person_id'))

    op.drop_table('password_link')
    op.drop_table('canned_reply')

"""desk"""

import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('change',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=200), nullable=False),
    sa.Column('what', sa.String(length=120), nullable=False),
    sa.Column('before', sa.JSON(), nullable=True),
    sa.Column('after', sa.JSON(), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_change_what'), ['what'], unique=False)

    op.create_table('setting',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('value', sa.JSON(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('name')
    )
    op.create_table('presence',
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('away', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('person_id')
    )
    op.create_table('estimate',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('low_s', sa.Integer(), nullable=True),
    sa.Column('high_s', sa.Integer(), nullable=True),
    sa.Column('why', sa.String(length=20), nullable=True),
    sa.Column('raw', sa.JSON(), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('end', sa.String(length=8), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('estimate', schema=None) as batch_op:
        batch_op.create_index('ix_estimate_at', ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_estimate_conversation_id'), ['conversation_id'], unique=False)

    op.create_table('handling',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('topic', sa.String(length=80), nullable=True),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('began_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('end', sa.String(length=12), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('handling', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_handling_conversation_id'), ['conversation_id'], unique=False)
        batch_op.create_index('ix_handling_ended', ['ended_at'], unique=False)

    op.create_table('mail',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('to', sa.String(length=320), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('subject', sa.String(length=300), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.String(length=500), nullable=True),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('key')
    )
    with op.batch_alter_table('mail', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_mail_conversation_id'), ['conversation_id'], unique=False)
        batch_op.create_index('ix_mail_due', ['sent_at', 'due_at'], unique=False)

    # Added one by one: a batch would make these tables anew, and dropping the old ones takes every message along.
    op.add_column('conversation', sa.Column('line_at', sa.DateTime(timezone=True), nullable=True))
    op.add_column('conversation', sa.Column('for_agent_id', sa.Integer(), nullable=True))
    op.add_column('conversation', sa.Column('cause', sa.String(length=80), nullable=True))
    op.create_index('ix_conversation_owner_line', 'conversation', ['owner', 'line_at'])
    op.execute('UPDATE conversation SET line_at = queued_at')
    op.execute(
        'INSERT INTO handling (conversation_id, person_id, topic, language, began_at) '
        "SELECT id, agent_id, topic, language, changed_at FROM conversation WHERE owner = 'agent'"
    )
    op.add_column('person', sa.Column('capacity', sa.Integer(), server_default='4', nullable=False))
    op.add_column('person', sa.Column('topics', sa.JSON(), nullable=True))
    op.add_column('person', sa.Column('languages', sa.JSON(), nullable=True))



def downgrade() -> None:
    op.drop_index('ix_conversation_owner_line', 'conversation')
    for column in ('line_at', 'for_agent_id', 'cause'):
        op.drop_column('conversation', column)
    for column in ('capacity', 'topics', 'languages'):
        op.drop_column('person', column)
    with op.batch_alter_table('mail', schema=None) as batch_op:
        batch_op.drop_index('ix_mail_due')
        batch_op.drop_index(batch_op.f('ix_mail_conversation_id'))

    op.drop_table('mail')
    with op.batch_alter_table('handling', schema=None) as batch_op:
        batch_op.drop_index('ix_handling_ended')
        batch_op.drop_index(batch_op.f('ix_handling_conversation_id'))

    op.drop_table('handling')
    with op.batch_alter_table('estimate', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_estimate_conversation_id'))
        batch_op.drop_index('ix_estimate_at')

    op.drop_table('estimate')
    op.drop_table('presence')
    op.drop_table('setting')
    with op.batch_alter_table('change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_change_what'))

    op.drop_table('change')

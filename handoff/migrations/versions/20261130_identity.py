"""who the customer is, signed by the shop"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('customer_ref', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('vouched_name', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('vouched_email', sa.String(length=320), nullable=True))
        batch_op.create_index(batch_op.f('ix_conversation_customer_ref'), ['customer_ref'], unique=False)

    op.create_table('conversation_key',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('salt', sa.String(length=64), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('conversation_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_conversation_key_conversation_id'), ['conversation_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('conversation_key', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_conversation_key_conversation_id'))

    op.drop_table('conversation_key')
    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_conversation_customer_ref'))
        batch_op.drop_column('vouched_email')
        batch_op.drop_column('vouched_name')
        batch_op.drop_column('customer_ref')

"""backlog"""

import sqlalchemy as sa
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('no_mail',
    sa.Column('address_hash', sa.String(length=64), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('address_hash')
    )
    op.create_table('cause',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('title', sa.String(length=200), nullable=False),
    sa.Column('note', sa.Text(), server_default='', nullable=False),
    sa.Column('owner_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.String(length=200), nullable=False),
    sa.Column('fixed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('fixed_by', sa.String(length=200), nullable=True),
    sa.Column('word', sa.Text(), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['owner_id'], ['person.id'], ),
    sa.PrimaryKeyConstraint('id')
    )
    op.create_table('rating',
    sa.Column('conversation_id', sa.String(length=32), nullable=False),
    sa.Column('score', sa.Integer(), nullable=True),
    sa.Column('solved', sa.Boolean(), nullable=True),
    sa.Column('words', sa.String(length=1000), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('conversation_id')
    )
    op.create_table('told',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('conversation_id', sa.String(length=32), nullable=False),
    sa.Column('question_id', sa.Integer(), nullable=False),
    sa.Column('about', sa.String(length=120), nullable=False),
    sa.Column('way', sa.String(length=8), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['conversation_id'], ['conversation.id'], ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['question_id'], ['question.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id'),
    sa.UniqueConstraint('conversation_id', 'about')
    )
    with op.batch_alter_table('told', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_told_about'), ['about'], unique=False)
        batch_op.create_index(batch_op.f('ix_told_question_id'), ['question_id'], unique=False)

    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.add_column(sa.Column('review_at', sa.DateTime(timezone=True), nullable=True))

    with op.batch_alter_table('kb_state', schema=None) as batch_op:
        batch_op.add_column(sa.Column('backlog', sa.Integer(), server_default='0', nullable=False))

    with op.batch_alter_table('question', schema=None) as batch_op:
        batch_op.add_column(sa.Column('page', sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column('reply', sa.Text(), nullable=True))
        batch_op.add_column(sa.Column('placed', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.create_index('ix_question_at', ['at'], unique=False)

    with op.batch_alter_table('question_group', schema=None) as batch_op:
        batch_op.add_column(sa.Column('topic', sa.String(length=80), nullable=True))
        batch_op.add_column(sa.Column('title_set', sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column('cause_id', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('draft', sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column('word', sa.Text(), nullable=True))
        batch_op.create_index(batch_op.f('ix_question_group_cause_id'), ['cause_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('question_group', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_question_group_cause_id'))
        batch_op.drop_column('word')
        batch_op.drop_column('draft')
        batch_op.drop_column('cause_id')
        batch_op.drop_column('title_set')
        batch_op.drop_column('topic')

    with op.batch_alter_table('question', schema=None) as batch_op:
        batch_op.drop_index('ix_question_at')
        batch_op.drop_column('placed')
        batch_op.drop_column('reply')
        batch_op.drop_column('page')

    with op.batch_alter_table('kb_state', schema=None) as batch_op:
        batch_op.drop_column('backlog')

    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.drop_column('review_at')

    with op.batch_alter_table('told', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_told_question_id'))
        batch_op.drop_index(batch_op.f('ix_told_about'))

    op.drop_table('told')
    op.drop_table('rating')
    op.drop_table('cause')
    op.drop_table('no_mail')

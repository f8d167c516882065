"""the work on the backlog"""

import sqlalchemy as sa
from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


UNSOUGHT = sa.text('sought_seq < last_seq')
COUNTED = ['group_id', 'conversation_id', 'at', 'reason', 'language', 'topic', 'page', 'spent_s', 'waited_s']


def upgrade() -> None:
    op.create_table('entry_day',
    sa.Column('entry_key', sa.String(length=80), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('views', sa.Integer(), nullable=False),
    sa.Column('helped', sa.Integer(), nullable=False),
    sa.Column('not_helped', sa.Integer(), nullable=False),
    sa.Column('answered', sa.Integer(), nullable=False),
    sa.Column('rejected', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('entry_key', 'language', 'day')
    )
    with op.batch_alter_table('entry_day', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_entry_day_day'), ['day'], unique=False)
    count_answers()

    op.create_table('entry_check',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('entry_id', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('by', sa.String(length=200), nullable=False),
    sa.Column('right', sa.Boolean(), nullable=False),
    sa.Column('months', sa.Integer(), nullable=True),
    sa.Column('before', sa.DateTime(timezone=True), nullable=True),
    sa.Column('after', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('entry_check', schema=None) as batch_op:
        batch_op.create_index('ix_entry_check_entry_at', ['entry_id', 'at'], unique=False)

    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_entry_review_at'), ['review_at'], unique=False)

    op.create_table('faq_import',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('file', sa.String(length=200), nullable=False),
    sa.Column('format', sa.String(length=8), nullable=False),
    sa.Column('by', sa.String(length=200), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('status', sa.String(length=12), nullable=False),
    sa.Column('rows', sa.LargeBinary(), nullable=True),
    sa.Column('found', sa.JSON(), nullable=True),
    sa.Column('counts', sa.JSON(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.Column('undone_by', sa.String(length=200), nullable=True),
    sa.Column('undone_at', sa.DateTime(timezone=True), nullable=True),
    sa.PrimaryKeyConstraint('id')
    )
    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.add_column(sa.Column('sought_seq', sa.Integer(), server_default='0', nullable=False))
        where = {'sqlite_where': UNSOUGHT, 'postgresql_where': UNSOUGHT}
        batch_op.create_index('ix_conversation_unsought', ['changed_at'], **where)

    with op.batch_alter_table('mail', schema=None) as batch_op:
        batch_op.add_column(sa.Column('stop_url', sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column('once', sa.Boolean(), server_default=sa.false(), nullable=False))

    with op.batch_alter_table('question', schema=None) as batch_op:
        batch_op.add_column(sa.Column('spent_s', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('waited_s', sa.Integer(), nullable=True))
        batch_op.drop_index(batch_op.f('ix_question_at'))
        batch_op.create_index('ix_question_at', ['at', 'topic', 'group_id', 'conversation_id'], unique=False)
        batch_op.create_index('ix_question_counted', COUNTED, unique=False)

    with op.batch_alter_table('question_group', schema=None) as batch_op:
        batch_op.add_column(sa.Column('merged', sa.JSON(none_as_null=True), nullable=True))
        batch_op.add_column(sa.Column('family', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('backlog', sa.Integer(), server_default='0', nullable=False))
        batch_op.create_index(batch_op.f('ix_question_group_backlog'), ['backlog'], unique=False)

    with op.batch_alter_table('question_group', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_question_group_decided_at'), ['decided_at'], unique=False)

    with op.batch_alter_table('told', schema=None) as batch_op:
        batch_op.add_column(sa.Column('mail_id', sa.Integer(), nullable=True))
        batch_op.create_index(batch_op.f('ix_told_mail_id'), ['mail_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_told_at'), ['at'], unique=False)



def count_answers() -> None:
    """Count what was answered before there were figures, so that nothing looks as if nobody needed it."""
    day = "(m.at AT TIME ZONE 'UTC')::date" if op.get_bind().dialect.name == 'postgresql' else 'date(m.at)'
    op.execute(
        'INSERT INTO entry_day (entry_key, language, day, views, helped, not_helped, answered, rejected) '
        'SELECT key, language, day, 0, 0, 0, count(*), 0 FROM (SELECT m.entry_key AS key, coalesce('
        '(SELECT e.language FROM entry e WHERE e.key = m.entry_key AND e.language = c.language), '
        '(SELECT min(e.language) FROM entry e WHERE e.key = m.entry_key)) AS language, DAY AS day '
        "FROM message m JOIN conversation c ON c.id = m.conversation_id WHERE m.kind = 'answer' "
        'AND m.entry_key IS NOT NULL) given WHERE language IS NOT NULL GROUP BY key, language, day'.replace('DAY', day)
    )


def downgrade() -> None:
    with op.batch_alter_table('told', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_told_at'))
        batch_op.drop_index(batch_op.f('ix_told_mail_id'))
        batch_op.drop_column('mail_id')

    with op.batch_alter_table('question_group', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_question_group_decided_at'))

    with op.batch_alter_table('question_group', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_question_group_backlog'))
        batch_op.drop_column('backlog')
        batch_op.drop_column('family')
        batch_op.drop_column('merged')

    with op.batch_alter_table('question', schema=None) as batch_op:
        batch_op.drop_index('ix_question_counted')
        batch_op.drop_index('ix_question_at')
        batch_op.create_index(batch_op.f('ix_question_at'), ['at'], unique=False)
        batch_op.drop_column('waited_s')
        batch_op.drop_column('spent_s')

    with op.batch_alter_table('mail', schema=None) as batch_op:
        batch_op.drop_column('once')
        batch_op.drop_column('stop_url')

    with op.batch_alter_table('conversation', schema=None) as batch_op:
        batch_op.drop_index('ix_conversation_unsought', sqlite_where=UNSOUGHT, postgresql_where=UNSOUGHT)
        batch_op.drop_column('sought_seq')

    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_entry_review_at'))

    with op.batch_alter_table('entry_check', schema=None) as batch_op:
        batch_op.drop_index('ix_entry_check_entry_at')

    op.drop_table('entry_check')
    op.drop_table('faq_import')
    with op.batch_alter_table('entry_day', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_entry_day_day'))

    op.drop_table('entry_day')

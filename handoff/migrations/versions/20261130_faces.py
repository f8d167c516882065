"""the faces of people"""

import sqlalchemy as sa
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('face',
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('mark', sa.String(length=32), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('person_id')
    )
    with op.batch_alter_table('face', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_face_mark'), ['mark'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('face', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_face_mark'))

    op.drop_table('face')

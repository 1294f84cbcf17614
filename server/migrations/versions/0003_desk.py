"""What a supervisor's desk keeps: tasks, thresholds, back-checks, merges, alerts, boundaries.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op

from server.database import UtcTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "alert_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_message_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("took_ms", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("answer", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alert_attempt_by_message", "alert_attempt", ["alert_message_id"], unique=False)
    op.create_table(
        "alert_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("village_code", sa.String(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("began_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("told_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alert_event_by_subject", "alert_event", ["rule_id", "subject"], unique=False)
    op.create_index("alert_event_by_time", "alert_event", ["rule_id", "began_at"], unique=False)
    op.create_table(
        "alert_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("payload", sa.String(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", UtcTime(), nullable=False),
        sa.Column("replay_of", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("alert_message_waiting", "alert_message", ["state", "next_at"], unique=False)
    op.create_table(
        "alert_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("condition", sa.JSON(), nullable=False),
        sa.Column("mail_to", sa.JSON(), nullable=False),
        sa.Column("webhook_url", sa.String(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("is_on_today", sa.Boolean(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("seen_submission_id", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("stopped_at", UtcTime(), nullable=True),
        sa.Column("stopped_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "back_check_draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("area_code", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("stratum", sa.String(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "back_check_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("entity_id", sa.String(), nullable=False),
        sa.Column("household_id", sa.String(), nullable=False),
        sa.Column("village_code", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("form_id", sa.String(), nullable=False),
        sa.Column("root_instance_id", sa.String(), nullable=False),
        sa.Column("interviewed_on", sa.Date(), nullable=False),
        sa.Column("first_phone_id", sa.Integer(), nullable=False),
        sa.Column("phone_id", sa.Integer(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("said", sa.JSON(), nullable=False),
        sa.Column("withdrawn_at", UtcTime(), nullable=True),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("entity_id"),
    )
    op.create_index("back_check_entry_by_draw", "back_check_entry", ["draw_id"], unique=False)
    op.create_index(
        "back_check_entry_by_household", "back_check_entry", ["household_id"], unique=False
    )
    op.create_index("back_check_entry_by_phone", "back_check_entry", ["phone_id"], unique=False)
    op.create_index(
        "back_check_entry_by_record", "back_check_entry", ["root_instance_id"], unique=False
    )
    op.create_index(
        "back_check_entry_by_village", "back_check_entry", ["village_code"], unique=False
    )
    op.create_table(
        "boundary_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source_name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("crs", sa.String(), nullable=False),
        sa.Column("villages", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcTime(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("undone_at", UtcTime(), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "changed_block",
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("block"),
    )
    op.create_table(
        "check_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("started_at", UtcTime(), nullable=False),
        sa.Column("ended_at", UtcTime(), nullable=True),
        sa.Column("configuration", sa.String(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("raised", sa.Integer(), nullable=False),
        sa.Column("cleared", sa.Integer(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "check_setting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.Double(), nullable=True),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "day_target",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "village_code", "day"),
    )
    op.create_table(
        "noticed",
        sa.Column("check", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("inputs", sa.String(), nullable=False),
        sa.Column("noticed_at", UtcTime(), nullable=False),
        sa.PrimaryKeyConstraint("check", "subject", "indicator"),
    )
    op.create_table(
        "pair_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("first_id", sa.String(), nullable=False),
        sa.Column("second_id", sa.String(), nullable=False),
        sa.Column("merged_id", sa.String(), nullable=True),
        sa.Column("first_village", sa.String(), nullable=False),
        sa.Column("second_village", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("takes_entity", sa.Boolean(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("undone_at", UtcTime(), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("pair_decision_by_first", "pair_decision", ["first_id"], unique=False)
    op.create_index(
        "pair_decision_by_merged",
        "pair_decision",
        ["merged_id"],
        unique=False,
        sqlite_where=sa.text("merged_id IS NOT NULL"),
        postgresql_where=sa.text("merged_id IS NOT NULL"),
    )
    op.create_index("pair_decision_by_second", "pair_decision", ["second_id"], unique=False)
    op.create_table(
        "register_sign_off",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("township_code", sa.String(), nullable=False),
        sa.Column("round_name", sa.String(), nullable=False),
        sa.Column("signed_by", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "register_sign_off_by_township", "register_sign_off", ["township_code"], unique=False
    )
    op.create_table(
        "task_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("check", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("indicator", sa.String(), nullable=False),
        sa.Column("inputs", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "task_step_by_signal", "task_step", ["check", "subject", "indicator"], unique=False
    )
    op.create_table(
        "tile_source",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("credit", sa.String(), nullable=False),
        sa.Column("crs", sa.String(), nullable=False),
        sa.Column("smallest_zoom", sa.Integer(), nullable=False),
        sa.Column("largest_zoom", sa.Integer(), nullable=False),
        sa.Column("added_at", UtcTime(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("removed_at", UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "boundary",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.String(), nullable=False),
        sa.Column("shape", sa.String(), nullable=False),
        sa.Column("drawn", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"],
            ["boundary_import.id"],
        ),
        sa.PrimaryKeyConstraint("import_id", "village_code"),
    )
    op.create_index(op.f("ix_boundary_village_code"), "boundary", ["village_code"], unique=False)
    op.create_table(
        "phone_number",
        sa.Column("phone_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["phone_id"],
            ["phone.id"],
        ),
        sa.PrimaryKeyConstraint("phone_id"),
    )
    op.add_column("moved_in", sa.Column("at", UtcTime(), nullable=True))
    # What was found out about villages and workers becomes the closing of tasks.
    op.execute(
        "INSERT INTO task_step"
        ' ("check", subject, indicator, inputs, kind, owner, reason, note, at, who)'
        " SELECT 'rate', village_code, indicator, events || '/' || tried, 'closed', '', reason,"
        " note, at, who FROM rate_reply ORDER BY id"
    )
    op.execute(
        "INSERT INTO task_step"
        ' ("check", subject, indicator, inputs, kind, owner, reason, note, at, who)'
        " SELECT \"check\", CAST(phone_id AS VARCHAR), indicator, '0.2:' || inputs, 'closed', '',"
        " CASE reason WHEN 'talked' THEN 'retrained' ELSE reason END, note, at, who"
        " FROM worker_reply ORDER BY id"
    )
    op.drop_index(op.f("rate_reply_by_village"), table_name="rate_reply")
    op.drop_table("rate_reply")
    op.drop_index(op.f("worker_reply_by_phone"), table_name="worker_reply")
    op.drop_table("worker_reply")


def downgrade() -> None:
    op.drop_column("moved_in", "at")
    op.create_table(
        "worker_reply",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("check", sa.VARCHAR(), nullable=False),
        sa.Column("phone_id", sa.INTEGER(), nullable=False),
        sa.Column("indicator", sa.VARCHAR(), nullable=False),
        sa.Column("inputs", sa.VARCHAR(), nullable=False),
        sa.Column("reason", sa.VARCHAR(), nullable=False),
        sa.Column("note", sa.VARCHAR(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("who", sa.VARCHAR(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("worker_reply_by_phone"),
        "worker_reply",
        ["phone_id", "check", "indicator"],
        unique=False,
    )
    op.create_table(
        "rate_reply",
        sa.Column("id", sa.INTEGER(), nullable=False),
        sa.Column("village_code", sa.VARCHAR(), nullable=False),
        sa.Column("indicator", sa.VARCHAR(), nullable=False),
        sa.Column("events", sa.INTEGER(), nullable=False),
        sa.Column("tried", sa.INTEGER(), nullable=False),
        sa.Column("reason", sa.VARCHAR(), nullable=False),
        sa.Column("note", sa.VARCHAR(), nullable=False),
        sa.Column("at", UtcTime(), nullable=False),
        sa.Column("who", sa.VARCHAR(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("rate_reply_by_village"), "rate_reply", ["village_code", "indicator"], unique=False
    )
    op.drop_table("phone_number")
    op.drop_index(op.f("ix_boundary_village_code"), table_name="boundary")
    op.drop_table("boundary")
    op.drop_table("tile_source")
    op.drop_index("task_step_by_signal", table_name="task_step")
    op.drop_table("task_step")
    op.drop_index("register_sign_off_by_township", table_name="register_sign_off")
    op.drop_table("register_sign_off")
    op.drop_index("pair_decision_by_second", table_name="pair_decision")
    op.drop_index(
        "pair_decision_by_merged",
        table_name="pair_decision",
        sqlite_where=sa.text("merged_id IS NOT NULL"),
        postgresql_where=sa.text("merged_id IS NOT NULL"),
    )
    op.drop_index("pair_decision_by_first", table_name="pair_decision")
    op.drop_table("pair_decision")
    op.drop_table("noticed")
    op.drop_table("day_target")
    op.drop_table("check_setting")
    op.drop_table("check_run")
    op.drop_table("changed_block")
    op.drop_table("boundary_import")
    op.drop_index("back_check_entry_by_village", table_name="back_check_entry")
    op.drop_index("back_check_entry_by_record", table_name="back_check_entry")
    op.drop_index("back_check_entry_by_phone", table_name="back_check_entry")
    op.drop_index("back_check_entry_by_household", table_name="back_check_entry")
    op.drop_index("back_check_entry_by_draw", table_name="back_check_entry")
    op.drop_table("back_check_entry")
    op.drop_table("back_check_draw")
    op.drop_table("alert_rule")
    op.drop_index("alert_message_waiting", table_name="alert_message")
    op.drop_table("alert_message")
    op.drop_index("alert_event_by_time", table_name="alert_event")
    op.drop_index("alert_event_by_subject", table_name="alert_event")
    op.drop_table("alert_event")
    op.drop_index("alert_attempt_by_message", table_name="alert_attempt")
    op.drop_table("alert_attempt")

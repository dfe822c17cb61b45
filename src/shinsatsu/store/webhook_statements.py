"""What `store/webhooks.py` asks the database; constants, as `Statements` wants them."""

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update

from shinsatsu.store.webhook_tables import webhook_endpoints, webhook_messages, webhook_queues

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"

OF_ENDPOINT = webhook_messages.c.endpoint_id == bindparam("endpoint_key")
OF_SESSION = and_(OF_ENDPOINT, webhook_messages.c.video_session_id == bindparam("session_key"))
QUEUES_OF_ENDPOINT = webhook_queues.c.endpoint_id == bindparam("endpoint_key")
QUEUE = and_(QUEUES_OF_ENDPOINT, webhook_queues.c.video_session_id == bindparam("session_key"))
FREE = and_(
    webhook_queues.c.due_at <= bindparam("now"),
    or_(webhook_queues.c.leased_until.is_(None), webhook_queues.c.leased_until <= bindparam("now")),
)

ENDPOINTS = select(webhook_endpoints).order_by(webhook_endpoints.c.created_at, webhook_endpoints.c.id)
ENDPOINT = select(webhook_endpoints).where(webhook_endpoints.c.id == bindparam("endpoint_key"))
HOLD_ENDPOINT = ENDPOINT.with_for_update(key_share=True)  # sessions go on writing messages for it
HOLD_FOR_REMOVAL = ENDPOINT.with_for_update()  # which waits for them
INSERT_ENDPOINT = insert(webhook_endpoints)
UPDATE_ENDPOINT = update(webhook_endpoints).where(webhook_endpoints.c.id == bindparam("endpoint_key"))
DELETE_ENDPOINT = delete(webhook_endpoints).where(webhook_endpoints.c.id == bindparam("endpoint_key"))
COUNTS = (
    select(webhook_messages.c.endpoint_id, webhook_messages.c.state, func.count().label("messages"))
    .where(webhook_messages.c.state != DELIVERED)
    .group_by(webhook_messages.c.endpoint_id, webhook_messages.c.state)
)

DUE = (
    select(webhook_queues.c.endpoint_id)
    .join(webhook_endpoints, webhook_endpoints.c.id == webhook_queues.c.endpoint_id)
    .where(FREE, webhook_endpoints.c.disabled_at.is_(None))
    .distinct()
)
CLAIM = (
    select(webhook_queues.c.video_session_id)
    .where(QUEUES_OF_ENDPOINT, FREE)
    .order_by(webhook_queues.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
LEASE = update(webhook_queues).where(QUEUE).values(lease=bindparam("lease_value"), leased_until=bindparam("until"))
HOLD_LEASED = select(webhook_queues.c.lease).where(QUEUE).with_for_update()
RELEASE = update(webhook_queues).where(QUEUE).values(due_at=bindparam("due"), lease=None, leased_until=None)
DELETE_QUEUE = delete(webhook_queues).where(QUEUE)
DELETE_QUEUES = delete(webhook_queues).where(QUEUES_OF_ENDPOINT)
INSERT_QUEUE = insert(webhook_queues)
REOPEN_QUEUE = update(webhook_queues).where(QUEUE).values(due_at=bindparam("due"))

HEAD = (
    select(webhook_messages)
    .where(OF_SESSION, webhook_messages.c.state == PENDING)
    .order_by(webhook_messages.c.seq)
    .limit(1)
)
UPDATE_MESSAGE = update(webhook_messages).where(
    OF_SESSION, webhook_messages.c.seq == bindparam("seq_key"), webhook_messages.c.state == PENDING
)
GIVE_UP_ALL = update(webhook_messages).where(OF_ENDPOINT, webhook_messages.c.state == PENDING)
NOT_REPLAYED = webhook_messages.c.give_up_at < bindparam("replayed_until")
GIVEN_UP = and_(webhook_messages.c.state == FAILED, NOT_REPLAYED)
SETTLED_SINCE = and_(
    webhook_messages.c.state != PENDING, webhook_messages.c.created_at >= bindparam("since"), NOT_REPLAYED
)
SESSIONS_GIVEN_UP, SESSIONS_SETTLED_SINCE = (
    select(webhook_messages.c.video_session_id).where(OF_ENDPOINT, which).distinct().limit(bindparam("most"))
    for which in (GIVEN_UP, SETTLED_SINCE)
)
REPLAY_GIVEN_UP, REPLAY_SINCE = (update(webhook_messages).where(OF_SESSION, one) for one in (GIVEN_UP, SETTLED_SINCE))
DELETE_MESSAGES = delete(webhook_messages).where(OF_ENDPOINT)
FORGET = delete(webhook_messages).where(
    or_(
        and_(webhook_messages.c.state == DELIVERED, webhook_messages.c.settled_at < bindparam("delivered_before")),
        and_(webhook_messages.c.state == FAILED, webhook_messages.c.settled_at < bindparam("failed_before")),
    )
)

"""What others may ask of the connector framework."""

from apps.integrations.contract import SERVICE, Actor, CheckResult, WebhookRefused
from apps.integrations.services.asking import request_read
from apps.integrations.services.calls import (
    LiveAnswer,
    LiveRead,
    assert_no_transaction,
    invoke_action,
    offers,
    read_all_live,
    read_live,
    read_record,
    reset_breakers,
)
from apps.integrations.services.connections import (
    UnableToConnect,
    check,
    config_of,
    connect_from_env,
    get_connection,
    set_enabled,
    takes_person_tokens,
    upsert_connection,
)
from apps.integrations.services.inbound import read_feed, receive_webhook, store_feed, store_hints
from apps.integrations.services.loading import first_load, load_page, resync, start_streams, store_page, take_position
from apps.integrations.services.quarantine import UnableToCure, announced, dismiss, read_again, recheck
from apps.integrations.services.reading import Fresh, give_up, read, read_now, settle, stream_of

__all__ = [
    "SERVICE", "Actor", "CheckResult", "Fresh", "LiveAnswer", "LiveRead", "UnableToConnect", "UnableToCure", "WebhookRefused",
    "announced", "assert_no_transaction", "check", "config_of", "connect_from_env", "dismiss", "first_load", "get_connection", "give_up",
    "invoke_action", "load_page", "offers", "read", "read_again", "read_all_live", "read_feed", "read_live", "read_now", "read_record",
    "receive_webhook", "recheck", "request_read", "reset_breakers", "resync", "set_enabled", "settle", "start_streams", "store_feed",
    "store_hints", "store_page", "stream_of", "take_position", "takes_person_tokens", "upsert_connection",
]

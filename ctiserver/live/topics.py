"""The topics of events and of state: ZeroMQ's prefixes and MQTT's paths (cti-api §7.2).

`cti/v1/{tenant}/{class}/{id}/{Event}`: the class is call, device, agent, acd, callback or system.
An id stands whole (`station:1001`), so that a subscription to `…/device/station:1001/` does not
match 10010; what a topic may not hold, and wild cards, are written as `%2B`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from csta.event_types import EVENTS, event_type
from csta.ids import category_of
from ctiserver.core.masking import mask_devices
from ctiserver.core.wire import Published

ROOT = "cti/v1"
_ACD = "acd"
_OWN_CLASS = frozenset({"agent", "call", "callback"})
_NAMES = {event: event_type(event).split(".")[2] for event in EVENTS}
"""Events by their own names: `csta.callControl.Delivered.v1` is `Delivered`."""
_SPECIAL = re.compile(r"[%+#/\x00-\x1f\x7f-\x9f]")


@lru_cache(maxsize=4_096)
def topic_id(name: str) -> str:
    """Write an id as one level of a topic, without the numbers of parties outside."""
    shown = mask_devices(name.encode()).decode()
    return _SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", shown)


@lru_cache(maxsize=8_192)
def subject_topic(subject: str) -> str:
    """Give the class and the id that events about a subject stand under: `agent/anna`."""
    kind, _, name = subject.partition("/")
    if kind == "device" and category_of(name) == _ACD:
        kind = _ACD
    elif kind == "supervision":
        kind = "call"
    elif kind != "device" and kind not in _OWN_CLASS:
        kind = "system"
    return f"{kind}/{topic_id(name or subject)}"


def event_path(event: Published) -> str:
    """Give an event's place below the tenant: `call/c-01K…/Delivered`."""
    return f"{subject_topic(event.subject)}/{_NAMES[type(event.data)]}"


def tenant_root(tenant: str) -> str:
    """Give what all topics of a tenant begin with, without a slash at the end."""
    return f"{ROOT}/{topic_id(tenant)}"

"""A new configuration of queues, agents, flows and numbers while calls wait (features R34).

It is taken over as a whole, or refused as a whole before anything has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from acd.inputs import Reconfigure
from csta.acd_events import ConfigurationChanged
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.ids import category_of, local_part
from ctiserver.core.config import EngineConfig
from ctiserver.core.numbering import Numbering
from ivr.config import Flow, QueueStep

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine
    from ctiserver.core.inputs import Configured

SUBJECT = "system/acd"

_PARTS = ("acd", "agents", "flows", "numbers", "default_device")
"""What an input may change: members of both `Configured` and `EngineConfig`."""


class Reconfiguring:
    """Hands new configurations to the ACD of one engine."""

    def __init__(self, engine: Engine) -> None:
        """Serve one engine."""
        self._engine = engine

    def configure(self, event: Configured) -> int:
        """Take over a configuration, and give its version.

        Raises:
            CtiError: it leaves out what is in use, names what is not there, or is not newer.
        """
        engine = self._engine
        given = {name: getattr(event, name) for name in _PARTS}
        given = {name: value for name, value in given.items() if value is not None}
        config = msgspec.structs.replace(engine.config, **given)
        faults = [*names_without_a_place(config), *self._ways_of_calls(config)]
        if faults:
            raise _refused("; ".join(faults))
        try:
            numbering = Numbering(config)
        except ValueError as fault:
            raise _refused(str(fault)) from fault
        engine.queueing.tell(Reconfigure(event.acd, event.agents, event.apply))
        engine.config, engine.numbering = config, numbering
        engine.walks.reconfigure(config.flows)
        version = event.acd.version
        engine.out.publish(
            SUBJECT, SUBJECT, ConfigurationChanged(version=version, apply=event.apply.value)
        )
        return version

    def _ways_of_calls(self, config: EngineConfig) -> list[str]:
        """Tell of queues that are gone, and that the flows of calls under way lead to."""
        queues = [queue.name for queue in config.acd.queues]
        return [
            f"a call is in flow {flow.name}, which leads to acd:{queue}, which is not there"
            for flow in self._engine.walks.flows_under_way()
            for queue in _queues_of(flow)
            if queue not in queues
        ]


def _refused(words: str) -> CtiError:
    return CtiError(ErrorCategory.OPERATION, ErrorValue.INVALID_PARAMETER_VALUE, words)


def names_without_a_place(config: EngineConfig) -> list[str]:
    """Tell of queues and flows that numbers, flows, steps or keys lead to, and that are not there.

    Gives sentences, in the order of the configuration.
    """
    queues = [queue.name for queue in config.acd.queues]
    places = [(f"number {number}", place) for number, place in config.numbers.items()]
    places.append(("the default device", config.default_device))
    for name, flow in config.flows.items():
        places += [(f"flow {name}", f"acd:{queue}") for queue in _queues_of(flow)]
    lists = [(f"queue {queue.name}", queue.steps) for queue in config.acd.queues]
    lists += [(f"recipe {name}", steps) for name, steps in config.acd.recipes.items()]
    for whose, steps in lists:
        places += [(whose, step.divert_to) for step in steps if step.divert_to is not None]
    for name, question in config.acd.questions.items():
        places += [(f"question {name}", meaning) for meaning in question.keys.values()]
    return [
        f"{whose} leads to {place}, which is not there"
        for whose, place in places
        if place not in config.routeing_devices and not _is_there(place, queues, config.flows)
    ]


def _is_there(place: str, queues: list[str], flows: dict[str, Flow]) -> bool:
    category = category_of(place)
    if category == "acd":
        return local_part(place) in queues
    return category != "routeing" or local_part(place) in flows


def _queues_of(flow: Flow) -> list[str]:
    steps = flow.steps.values()
    return [flow.on_limit, *(step.queue for step in steps if isinstance(step, QueueStep))]

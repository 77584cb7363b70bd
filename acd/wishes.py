"""What agents may ask for, and with which reason (A02)."""

from __future__ import annotations

from acd.inputs import AskState
from acd.rules import AgentRules, ReasonCode
from agents.agent import Agent
from csta.causes import Cause
from csta.errors import CtiError, ErrorCategory, ErrorValue
from csta.instants import Milliseconds
from csta.states import AgentState


def check_wish(event: AskState, agent: Agent, rules: AgentRules) -> None:
    """Refuse a reason that the centre does not know, and readiness without a phone (A6).

    Raises:
        CtiError: `invalidParameterValue` with the reasons that there are; `deviceOutOfService`;
            `invalidDeviceState` where the phone takes no calls.
    """
    if event.state is AgentState.READY and not agent.reachable:
        if agent.away is not Cause.DEST_NOT_OBTAINABLE:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.INVALID_DEVICE_STATE,
                f"{agent.device_id} takes no calls ({agent.away.value}): switch that off first",
            )
        raise CtiError(
            ErrorCategory.SYSTEM_RESOURCE_AVAILABILITY,
            ErrorValue.DEVICE_OUT_OF_SERVICE,
            f"{agent.device_id} cannot be reached",
        )
    known = _reasons_for(event.state, rules)
    usable = [reason.code for reason in known if event.force or not reason.supervisors_only]
    if known and event.reason not in usable:
        raise CtiError(
            ErrorCategory.OPERATION,
            ErrorValue.INVALID_PARAMETER_VALUE,
            f"the reason '{event.reason or ''}' is none of: {', '.join(usable)}",
        )


def limit_of(reason: str | None, rules: AgentRules) -> Milliseconds | None:
    """Give how long an agent may be not ready for a reason; None: as long as he likes."""
    return next((each.limit_ms for each in rules.reasons if each.code == reason), None)


def _reasons_for(state: AgentState, rules: AgentRules) -> tuple[ReasonCode, ...]:
    if state is AgentState.NOT_READY:
        return rules.reasons
    return rules.log_off_reasons if state is AgentState.NULL else ()

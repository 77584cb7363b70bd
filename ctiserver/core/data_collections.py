"""Digits that clients have collected from a party of a call (ECMA-269, data collection services).

A collection goes on until it is stopped, or its party talks no more: each time that its criteria
are met it reports what was keyed since the last report.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from csta.errors import CtiError, Current, ErrorCategory, ErrorValue
from csta.ids import LegId, Mint
from csta.instants import Agenda, Instant, Milliseconds
from csta.replies import DataCollectionResult, Result
from csta.voice_events import CollectionCause, DataCollected, DigitsData
from csta.voice_services import (
    DataCollectionType,
    DigitsReportingCriteria,
    StartDataCollection,
    StopDataCollection,
)
from ctiserver.core.call_lookup import CallLookup, leg_of
from ctiserver.core.calls import Call, Connection
from ctiserver.core.voice_requests import talks

if TYPE_CHECKING:
    from ctiserver.core.engine import Engine


class Collecting(msgspec.Struct):
    """One collection, and what was keyed since its last report."""

    connection: Connection
    cross_ref_id: str
    criteria: DigitsReportingCriteria
    request_id: str
    digits: str = ""
    durations_ms: tuple[Milliseconds, ...] = ()


class DataCollections(CallLookup):
    """All collections: at most one for each leg."""

    def __init__(self, engine: Engine) -> None:
        """Begin with none."""
        super().__init__(engine)
        self.by_leg: dict[LegId, Collecting] = {}
        """The collections under way."""
        self._mint = Mint()
        self.deadlines: Agenda[LegId] = Agenda()
        """When somebody has keyed nothing for so long that what is there is reported."""

    def services(self) -> dict[type, Callable[[Any, str], Any]]:
        """Give the table of services: request type to function."""
        return {StartDataCollection: self._start, StopDataCollection: self._stop}

    def _start(self, request: StartDataCollection, request_id: str) -> DataCollectionResult:
        if request.data_coll_type is not DataCollectionType.DIGITS:
            raise CtiError(
                ErrorCategory.OPERATION,
                ErrorValue.PARAMETER_NOT_SUPPORTED,
                "StartDataCollection: the switch hears digits only, no telephony tones",
            )
        connection = self.connection(request.connection, "StartDataCollection")
        self.check_is_nowhere_waiting(connection)
        leg_id = leg_of(connection).leg_id
        present = self.by_leg.get(leg_id)
        if present is not None:
            raise CtiError(
                ErrorCategory.STATE_INCOMPATIBILITY,
                ErrorValue.INVALID_CONNECTION_STATE,
                f"{present.cross_ref_id} collects from {connection.device_id} already",
                current=Current(local_connection_info=connection.state.value),
            )
        cross_ref_id = self._mint.next("d", self.engine.out.now)
        criteria = request.digits_reporting_criteria or DigitsReportingCriteria(num_chars=1)
        collecting = Collecting(connection, cross_ref_id, criteria, request_id)
        self.by_leg[leg_id] = collecting
        self._wait(leg_id, collecting)
        return DataCollectionResult(
            call_linkage_data=connection.call.linkage, dcoll_cross_ref_id=cross_ref_id
        )

    def _stop(self, request: StopDataCollection, request_id: str) -> Result:
        for leg_id, collecting in self.by_leg.items():
            if collecting.cross_ref_id == request.dcoll_cross_ref_id:
                collecting.request_id = request_id
                self._end(leg_id)
                return Result(call_linkage_data=collecting.connection.call.linkage)
        return Result(already_done=True)

    def digit(self, leg_id: LegId, digit: str, duration_ms: Milliseconds) -> None:
        """Somebody has pressed a key."""
        collecting = self.by_leg.get(leg_id)
        if collecting is None:
            return
        collecting.digits += digit
        collecting.durations_ms = (*collecting.durations_ms, duration_ms)
        criteria = collecting.criteria
        if digit == criteria.flush_char:
            self._report(collecting, CollectionCause.FLUSH_CHAR_RECEIVED)
        elif len(collecting.digits) == criteria.num_chars:
            self._report(collecting, CollectionCause.CHAR_COUNT_RECEIVED)
        self._wait(leg_id, collecting)

    def wake(self, now: Instant) -> None:
        """Report what is there, be it nothing: nobody has keyed for so long."""
        for leg_id in self.deadlines.due(now):
            self._report(self.by_leg[leg_id], CollectionCause.TIMEOUT)

    def follow(self) -> None:
        """End the collections of those who are not in a talk any more."""
        for leg_id, collecting in list(self.by_leg.items()):
            if not talks(collecting.connection):
                self._end(leg_id)

    def call_ends(self, call: Call) -> None:
        """A call is about to be over."""
        for leg_id, collecting in list(self.by_leg.items()):
            if collecting.connection.call is call:
                self._end(leg_id)

    def _wait(self, leg_id: LegId, collecting: Collecting) -> None:
        pause_ms = collecting.criteria.timeout_ms
        if pause_ms is not None:
            self.deadlines.set(leg_id, self.engine.out.now + pause_ms)

    def _end(self, leg_id: LegId) -> None:
        collecting = self.by_leg.pop(leg_id)
        self.deadlines.cancel(leg_id)
        self._report(collecting, CollectionCause.SF_TERMINATED)

    def _report(self, collecting: Collecting, why: CollectionCause) -> None:
        call = collecting.connection.call
        data = DigitsData(collecting.digits, collecting.durations_ms)
        collecting.digits, collecting.durations_ms = "", ()
        self.engine.out.publish(
            f"call/{call.call_id}",
            call.thread_id,
            DataCollected(
                link_id=self.engine.config.link_id,
                call_id=call.call_id,
                connection=collecting.connection.key,
                call_linkage_data=call.linkage,
                dcoll_cross_ref_id=collecting.cross_ref_id,
                digits_data=data,
                collection_cause=why,
            ),
            collecting.request_id,
        )

"""What the ARI link can do, and how well it knows what it tells (docs/asterisk.md)."""

from __future__ import annotations

from typing import Final

from csta.supervision_events import RecordingMode
from ctiserver.core.switch_link import LinkCapabilities

ARI_CAPABILITIES: Final = LinkCapabilities(
    not_possible=(
        "AnswerCall",  # a phone that rings is answered by its owner, or by itself when told before
        "MakePredictiveCall",  # Asterisk tells a machine from a human in a dialplan only
    ),
    emulated=(
        *LinkCapabilities().emulated,
        "HoldCall",
        "RetrieveCall",
    ),
    quality={
        # No event of Asterisk says it: it is told when Asterisk has done as it was asked.
        "Conferenced": "derived",
        "DigitsGenerated": "derived",
        "Held": "derived",
        "Originated": "derived",
        "Retrieved": "derived",
        "ServiceInitiated": "derived",
    },
    records=True,
    recording_modes=(RecordingMode.MIXED,),  # its recordings have one track
)

"""Others' bugs at the coming back of a console and of a link (reliability §2, RG-57 and RG-59)."""

from __future__ import annotations

from functools import partial

from ctiserver.core.switch_link import Answer, LegGone, LegUp, LinkUp
from ctiserver.live.client import connect
from ctiserver.live.links.pbx import PbxLink
from tests.live.http_centre import ADMIN, http_centre
from tests.live.test_client import call_out, until
from tests.live.test_pbx_link import Listener, a_switch

_LOSSES = 12


async def test_rg_57_a_console_that_is_loaded_anew_still_has_its_call_in_hand() -> None:
    async with http_centre() as server:
        async with connect(server.ws, ADMIN) as console:
            news = await console.monitor()
            made = await console.ask(call_out())
            await until(news, "Established")
        async with connect(server.ws, ADMIN) as console:
            news = await console.monitor()
            call_id = made.calling_device.call_id
            here = {"callID": call_id, "deviceID": "station:1001"}
            stands = {
                each.device_id: each.local_connection_info
                for each in news.state.calls[call_id].connections
            }
            assert stands["station:1001"] == "connected"
            await console.request("HoldCall", callToBeHeld=here)
            await until(news, "Held")
            await console.request("RetrieveCall", callToBeRetrieved=here)
            await until(news, "Retrieved")
            await console.request("ClearConnection", connectionToBeCleared=here)
            await until(news, "CallCleared")


async def test_rg_59_however_often_a_link_was_lost_commands_are_carried_out_afterwards() -> None:
    async with a_switch() as switch:
        told, link = Listener(), PbxLink(switch.address, "sim1")
        link.attach(told)
        for count in range(1, _LOSSES + 1):
            await told.until(partial(_is_up_again, told, count))
            await switch.close()
            await told.until(lambda: not link.is_up)
            await switch.open()
        await told.until(lambda: link.is_up)
        leg = switch.call()
        link.execute(Answer(leg))
        await told.until(partial(told.told.__contains__, LegUp(leg)))
        assert [len(what.legs) for what in told.told if isinstance(what, LinkUp)][-1] == 0
        assert not [what for what in told.told if isinstance(what, LegGone)]
        await link.stop()


def _is_up_again(told: Listener, count: int) -> bool:
    return told.kinds().count("LinkUp") == count

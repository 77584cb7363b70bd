"""All requests that the dialect takes: one line each."""

from __future__ import annotations

from switch_sim.dialects import ari_bridge_requests as bridges
from switch_sim.dialects import ari_channel_requests as channels
from switch_sim.dialects import ari_media_requests as media
from switch_sim.dialects import ari_other_requests as other
from switch_sim.dialects.ari_routes import Route

_DIALS = "endpoint! app appArgs callerId timeout:int variables:containers originator formats"
_CREATES = "endpoint! app! appArgs channelId originator formats variables:containers"
_PLAYS = "media!* lang offsetms:int skipms:int"
_RECORDS = "name! format! maxDurationSeconds:int maxSilenceSeconds:int ifExists beep:boolean"
_SNOOPS = "spy whisper app! appArgs"
_VARIABLES = "variables:containers"
_CHANNEL = "/channels/{channelId}"
_BRIDGE = "/bridges/{bridgeId}"
_APPLICATION = "/applications/{applicationName}"
_LAMP = "/deviceStates/{deviceName}"
_PLAYBACK = "/playbacks/{playbackId}"
_STORED = "/recordings/stored/{recordingName}"
_LIVE = "/recordings/live/{recordingName}"

ROUTES: tuple[Route, ...] = (
    Route("GET", "/channels", "list", "List[Channel]", channels.list_channels),
    Route("POST", "/channels", "originate", "Channel", channels.originate, f"{_DIALS} channelId"),
    Route("POST", "/channels/create", "create", "Channel", channels.create, _CREATES),
    Route("GET", _CHANNEL, "get", "Channel", channels.get),
    Route("POST", _CHANNEL, "originateWithId", "Channel", channels.originate, _DIALS),
    Route("DELETE", _CHANNEL, "hangup", "void", channels.hang_up, "reason_code reason"),
    Route("POST", f"{_CHANNEL}/dial", "dial", "void", channels.dial, "caller timeout:int"),
    Route("POST", f"{_CHANNEL}/continue", "continueInDialplan", "void", channels.leave),
    Route("POST", f"{_CHANNEL}/answer", "answer", "void", channels.answer),
    Route("POST", f"{_CHANNEL}/progress", "progress", "void", channels.nothing),
    Route("POST", f"{_CHANNEL}/hold", "hold", "void", channels.nothing),
    Route("DELETE", f"{_CHANNEL}/hold", "unhold", "void", channels.nothing),
    Route(
        "POST",
        f"{_CHANNEL}/transfer_progress",
        "transfer_progress",
        "void",
        channels.transfer_progress,
        "states",
    ),
    Route("POST", f"{_CHANNEL}/ring", "ring", "void", media.ring),
    Route("DELETE", f"{_CHANNEL}/ring", "ringStop", "void", media.ring_stop),
    Route("POST", f"{_CHANNEL}/moh", "startMoh", "void", media.start_music, "mohClass"),
    Route("DELETE", f"{_CHANNEL}/moh", "stopMoh", "void", media.stop_music),
    Route("POST", f"{_CHANNEL}/dtmf", "sendDTMF", "void", media.send_digits, "dtmf"),
    Route("POST", f"{_CHANNEL}/play", "play", "Playback", media.play, f"{_PLAYS} playbackId"),
    Route("POST", f"{_CHANNEL}/play/{{playbackId}}", "playWithId", "Playback", media.play, _PLAYS),
    Route("POST", f"{_CHANNEL}/record", "record", "LiveRecording", media.record, _RECORDS),
    Route(
        "GET",
        f"{_CHANNEL}/variable",
        "getChannelVar",
        "Variable",
        channels.get_variable,
        "variable",
    ),
    Route(
        "POST",
        f"{_CHANNEL}/variable",
        "setChannelVar",
        "void",
        channels.set_variable,
        "variable value",
    ),
    Route(
        "GET",
        f"{_CHANNEL}/variables",
        "getChannelVars",
        "Variables",
        channels.get_variables,
        "variables!*",
    ),
    Route(
        "POST",
        f"{_CHANNEL}/variables",
        "setChannelVars",
        "void",
        channels.set_variables,
        _VARIABLES,
    ),
    Route(
        "POST",
        f"{_CHANNEL}/snoop",
        "snoopChannel",
        "Channel",
        channels.snoop,
        f"{_SNOOPS} snoopId",
    ),
    Route(
        "POST",
        f"{_CHANNEL}/snoop/{{snoopId}}",
        "snoopChannelWithId",
        "Channel",
        channels.snoop,
        _SNOOPS,
    ),
    Route("GET", "/bridges", "list", "List[Bridge]", bridges.list_bridges),
    Route(
        "POST",
        "/bridges",
        "create",
        "Bridge",
        bridges.create,
        f"type bridgeId name {_VARIABLES}",
    ),
    Route("GET", _BRIDGE, "get", "Bridge", bridges.get),
    Route("POST", _BRIDGE, "createWithId", "Bridge", bridges.create, f"type name {_VARIABLES}"),
    Route("DELETE", _BRIDGE, "destroy", "void", bridges.destroy),
    Route(
        "POST",
        f"{_BRIDGE}/addChannel",
        "addChannel",
        "void",
        bridges.add_channel,
        "channel!* role absorbDTMF:boolean mute:boolean",
    ),
    Route(
        "POST",
        f"{_BRIDGE}/removeChannel",
        "removeChannel",
        "void",
        bridges.remove_channel,
        "channel!*",
    ),
    Route("POST", f"{_BRIDGE}/moh", "startMoh", "void", bridges.start_music, "mohClass"),
    Route("DELETE", f"{_BRIDGE}/moh", "stopMoh", "void", bridges.stop_music),
    Route("POST", f"{_BRIDGE}/play", "play", "Playback", bridges.play, f"{_PLAYS} playbackId"),
    Route("POST", f"{_BRIDGE}/play/{{playbackId}}", "playWithId", "Playback", bridges.play, _PLAYS),
    Route("POST", f"{_BRIDGE}/record", "record", "LiveRecording", bridges.record, _RECORDS),
    Route(
        "GET", f"{_BRIDGE}/variable", "getBridgeVar", "Variable", bridges.get_variable, "variable!"
    ),
    Route(
        "POST",
        f"{_BRIDGE}/variable",
        "setBridgeVar",
        "void",
        bridges.set_variable,
        "variable! value",
    ),
    Route(
        "GET",
        f"{_BRIDGE}/variables",
        "getBridgeVars",
        "Variables",
        bridges.get_variables,
        "variables!*",
    ),
    Route(
        "POST", f"{_BRIDGE}/variables", "setBridgeVars", "void", bridges.set_variables, _VARIABLES
    ),
    Route("GET", "/applications", "list", "List[Application]", other.list_applications),
    Route("GET", _APPLICATION, "get", "Application", other.get_application),
    Route(
        "POST",
        f"{_APPLICATION}/subscription",
        "subscribe",
        "Application",
        other.subscribe,
        "eventSource!*",
    ),
    Route(
        "DELETE",
        f"{_APPLICATION}/subscription",
        "unsubscribe",
        "Application",
        other.unsubscribe,
        "eventSource!*",
    ),
    Route(
        "PUT",
        f"{_APPLICATION}/eventFilter",
        "filter",
        "Application",
        other.filter_events,
        "filter:object",
    ),
    Route("GET", "/endpoints", "list", "List[Endpoint]", other.list_endpoints),
    Route("GET", "/endpoints/{tech}", "listByTech", "List[Endpoint]", other.list_endpoints_of),
    Route("GET", "/endpoints/{tech}/{resource}", "get", "Endpoint", other.get_endpoint),
    Route("GET", "/deviceStates", "list", "List[DeviceState]", other.list_lamps),
    Route("GET", _LAMP, "get", "DeviceState", other.get_lamp),
    Route("PUT", _LAMP, "update", "void", other.set_lamp, "deviceState!"),
    Route("DELETE", _LAMP, "delete", "void", other.delete_lamp),
    Route("GET", _PLAYBACK, "get", "Playback", other.get_playback),
    Route("DELETE", _PLAYBACK, "stop", "void", other.stop_playback),
    Route("GET", "/recordings/stored", "listStored", "List[StoredRecording]", other.list_stored),
    Route("GET", _STORED, "getStored", "StoredRecording", other.get_stored),
    Route("DELETE", _STORED, "deleteStored", "void", other.delete_stored),
    Route("GET", _LIVE, "getLive", "LiveRecording", other.get_live),
    Route("DELETE", _LIVE, "cancel", "void", other.cancel_live),
    Route("POST", f"{_LIVE}/stop", "stop", "void", other.stop_live),
    Route("POST", f"{_LIVE}/pause", "pause", "void", other.pause_live),
    Route("DELETE", f"{_LIVE}/pause", "unpause", "void", other.resume_live),
    Route("POST", f"{_LIVE}/mute", "mute", "void", other.mute_live),
    Route("DELETE", f"{_LIVE}/mute", "unmute", "void", other.mute_live),
    Route("GET", "/sounds", "list", "List[Sound]", other.list_sounds, "lang format"),
    Route("GET", "/sounds/{soundId}", "get", "Sound", other.get_sound),
    Route("GET", "/mailboxes", "list", "List[Mailbox]", other.list_mailboxes),
    Route("GET", "/asterisk/ping", "ping", "AsteriskPing", other.ping),
    Route("GET", "/asterisk/info", "getInfo", "AsteriskInfo", other.info, "only*"),
    Route("GET", "/asterisk/variable", "getGlobalVar", "Variable", other.get_global, "variable!"),
    Route(
        "POST", "/asterisk/variable", "setGlobalVar", "void", other.set_global, "variable! value"
    ),
    Route(
        "GET", "/events", "eventWebsocket", "Message", other.listen, "app!* subscribeAll:boolean"
    ),
    Route(
        "POST",
        "/events/user/{eventName}",
        "userEvent",
        "void",
        other.send_event,
        f"application! {_VARIABLES}",
    ),
)

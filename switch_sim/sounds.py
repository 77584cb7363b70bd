"""What is played to a leg: how long it lasts, and whether it means waiting."""

from __future__ import annotations

from csta.instants import Milliseconds
from switch_sim.config import PbxConfig

HOLD_MUSIC = "music:hold"
RINGBACK = "tone:ringback"


def means_waiting(uri: str) -> bool:
    """Tell whether who hears this is waiting for somebody: music or ringback, which never end."""
    return uri.startswith("music:") or uri == RINGBACK


def lasts_ms(uri: str, config: PbxConfig) -> Milliseconds | None:
    """Tell how long it lasts; None is for ever."""
    if means_waiting(uri):
        return None
    if uri.startswith("tts:"):
        spoken = len(uri) - len("tts:")
        return max(config.tts_ms_min, config.tts_character_ms * spoken)
    return config.prompt_ms

"""What a phone hears: baresip writes it to a file as it comes, 8 kHz, 16 bits, one channel."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
_RATE_HZ = 8_000
_WAV_HEADER = 44
_LOUD = 100.0
"""The root mean square of the quietest music; silence coded as PCMU is below 10."""
_NEAR_HZ = 12.0


async def listen(folder: Path, span_ms: int) -> Samples:
    """Give what comes within the next `span_ms`: fewer samples where little or nothing comes."""
    begin = len(_heard(folder))
    await asyncio.sleep(span_ms / 1_000)
    data = _heard(folder)[max(begin, _WAV_HEADER) :]
    return np.frombuffer(data[: len(data) & ~1], "<i2")


def file_of(folder: Path) -> Path:
    """Give the file of the latest call."""
    return max(folder.glob("dump-*-dec.wav"))


def _heard(folder: Path) -> bytes:
    try:
        return file_of(folder).read_bytes()
    except ValueError:  # there was no call yet
        return b""


def is_loud(samples: Samples) -> bool:
    """Tell whether there is more than silence in them."""
    if not samples.size:
        return False
    return bool(np.sqrt(np.mean(np.square(samples.astype(float)))) > _LOUD)


def has_tone(samples: Samples, tone_hz: int) -> bool:
    """Tell whether a tone makes up a tenth of the power or more."""
    if samples.size < _RATE_HZ // 10 or not is_loud(samples):
        return False
    power = np.square(np.abs(np.fft.rfft(samples * np.hanning(samples.size))))
    frequency = np.fft.rfftfreq(samples.size, 1 / _RATE_HZ)
    near = power[np.abs(frequency - tone_hz) < _NEAR_HZ].sum()
    return bool(near > 0.1 * power.sum())

"""What time it is where the store stands. It must never decide what follows from that."""

from __future__ import annotations

from datetime import datetime, timedelta


def local_offset_ms(utc_ms: int) -> int:
    """How far the local time of this machine, which stands in the store, is ahead of UTC then."""
    offset = datetime.fromtimestamp(utc_ms / 1000).astimezone().utcoffset()
    return 0 if offset is None else offset // timedelta(milliseconds=1)


def local_hour(utc_ms: int) -> str:
    """A time as people write it where the store stands."""
    return datetime.fromtimestamp(utc_ms / 1000).astimezone().isoformat(timespec="minutes")

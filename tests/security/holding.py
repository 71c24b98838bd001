"""Everything that a Redis or a folder holds, as text to look for canaries in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from redis.asyncio import Redis

READS = {
    "string": lambda redis, key: redis.get(key),
    "hash": lambda redis, key: redis.hgetall(key),
    "list": lambda redis, key: redis.lrange(key, 0, -1),
    "set": lambda redis, key: redis.smembers(key),
    "zset": lambda redis, key: redis.zrange(key, 0, -1, withscores=True),
}


async def everything(redis: Redis) -> dict[str, str]:
    """Return each key with what stands there; DUMP would pack longer texts."""
    client: Any = redis
    held = {}
    async for key in client.scan_iter(count=1000):
        kind = (await client.type(key)).decode()
        if kind != "none":  # it expired just now
            held[key.decode()] = repr(await READS[kind](client, key))
    return held


async def holding(redis: Redis, *words: str) -> dict[str, str]:
    """Return the keys in whose name or value one of these stands."""
    held = await everything(redis)
    return {key: value for key, value in held.items() if any(word in key + value for word in words)}


async def seconds_left(redis: Redis, key: str) -> float:
    """Return how long a key is still kept; infinite where nothing ends it."""
    left = int(await redis.pttl(key))
    return float("inf") if left < 0 else left / 1000


def files_holding(folder: Path, word: str) -> list[str]:
    """Return the files in which a word stands."""
    return [path.name for path in folder.rglob("*") if path.is_file() and word.encode() in path.read_bytes()]

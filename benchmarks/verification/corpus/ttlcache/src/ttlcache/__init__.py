from ttlcache.cache import Stats, TTLCache
from ttlcache.decorator import cached

__all__ = ["Stats", "TTLCache", "cached"]

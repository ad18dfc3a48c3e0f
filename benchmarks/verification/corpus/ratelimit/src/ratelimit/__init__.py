from ratelimit.bucket import Bucket
from ratelimit.limiter import Limited, Limiter, limited

__all__ = ["Bucket", "Limited", "Limiter", "limited"]

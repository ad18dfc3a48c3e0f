from workqueue.backoff import delays
from workqueue.queue import Job, Outcome, WorkQueue

__all__ = ["Job", "Outcome", "WorkQueue", "delays"]

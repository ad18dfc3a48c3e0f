import asyncio

from workqueue import WorkQueue


async def one():
    return 1


def test_one_job():
    queue = WorkQueue()
    queue.put("one", one)
    [outcome] = asyncio.run(queue.run())
    assert outcome.result == 1


def test_waiting_jobs_are_counted():
    queue = WorkQueue()
    queue.put("one", one)
    assert len(queue) == 1

import asyncio
import unittest
from unittest.mock import AsyncMock, Mock, call

import pytest

from workqueue import Job, Outcome, WorkQueue


def recorder(log, name):
    async def work():
        log.append(name)
        return name

    return work


@pytest.mark.requirement("FR-1")
def test_smallest_priority_first():
    queue, log = WorkQueue(), []
    for name, priority in [("late", 5), ("early", -1), ("middle", 0)]:
        queue.put(name, recorder(log, name), priority)
    asyncio.run(queue.run())
    assert log == ["early", "middle", "late"]


@pytest.mark.requirement("FR-1")
def test_equal_priorities_keep_their_order():
    queue, log = WorkQueue(), []
    for name in "dacb":
        queue.put(name, recorder(log, name), priority=7)
    asyncio.run(queue.run())
    assert "".join(log) == "dacb"


@pytest.mark.requirement("FR-1")
def test_empty_queue_is_finished():
    assert asyncio.run(WorkQueue().run(workers=3)) == []


@pytest.mark.requirement("FR-1")
def test_jobs_compare_by_priority_then_number():
    first, second = Job(1, 0, "b", Mock()), Job(1, 1, "a", Mock())
    assert first < second < Job(2, 0, "c", Mock())
    assert first == Job(1, 0, "another", Mock())


class AttemptsCase(unittest.IsolatedAsyncioTestCase):
    async def test_called_again_until_it_works(self):
        """FR-2"""
        work = AsyncMock(side_effect=[OSError("once"), "done"])
        queue = WorkQueue(max_attempts=3)
        queue.put("job", work)
        self.assertEqual(await queue.run(), [Outcome("job", 2, result="done")])
        self.assertEqual(work.await_count, 2)

    async def test_called_three_times_in_all(self):
        """FR-2"""
        work = AsyncMock(side_effect=OSError("always"))
        queue = WorkQueue(max_attempts=3)
        queue.put("job", work)
        await queue.run()
        self.assertEqual(work.await_count, 3)

    async def test_one_attempt_is_no_second_one(self):
        """FR-2"""
        work = AsyncMock(side_effect=[OSError("once"), "done"])
        queue = WorkQueue(max_attempts=1)
        queue.put("job", work)
        [outcome] = await queue.run()
        self.assertTrue(outcome.failed)

    async def test_failed_with_its_last_exception(self):
        """FR-2"""
        errors = [OSError(str(number)) for number in range(9)]
        queue = WorkQueue(max_attempts=2)
        queue.put("job", AsyncMock(side_effect=list(errors)))
        [outcome] = await queue.run()
        self.assertTrue(outcome.failed)
        self.assertFalse(outcome)
        self.assertIs(outcome.error, errors[outcome.attempts - 1])

    async def test_outcome_exists(self):
        """FR-2"""
        queue = WorkQueue()
        queue.put("job", AsyncMock())
        self.assertIsNotNone(await queue.run())


@pytest.mark.requirement("FR-2")
def test_at_least_one_attempt():
    with pytest.raises(ValueError, match="at least once: 0"):
        WorkQueue(max_attempts=0)


@pytest.mark.requirement("FR-3")
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_at_most_so_many_at_once(workers):
    queue, most = WorkQueue(), []

    async def work():
        most.append(queue.running)
        await asyncio.sleep(0)
        most.append(queue.running)

    for number in range(8):
        queue.put(str(number), work)
    asyncio.run(queue.run(workers))
    assert max(most) == workers


@pytest.mark.requirement("FR-3")
def test_report_in_the_order_of_putting():
    queue = WorkQueue()
    for name, priority in [("c", 3), ("a", 1), ("b", 2)]:
        queue.put(name, recorder([], name), priority)
    assert [outcome.name for outcome in asyncio.run(queue.run(workers=2))] == ["c", "a", "b"]


@pytest.mark.requirement("FR-3")
def test_report_of_coroutines():
    queue = WorkQueue()
    queue.put("job", recorder([], "job"))
    report = queue.run()
    assert report
    report.close()


@pytest.mark.requirement("FR-4")
def test_sleeps_twice_as_long_each_time():
    sleep = AsyncMock()
    queue = WorkQueue(max_attempts=4, delay=1.5, max_delay=4, sleep=sleep)
    queue.put("job", AsyncMock(side_effect=[OSError, OSError, OSError, "done"]))
    asyncio.run(queue.run())
    assert sleep.await_args_list == [call(1.5), call(3.0), call(4)]

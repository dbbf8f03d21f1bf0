"""`asyncio.shield`: the waiter is cancelled, the work is not."""

import asyncio


async def work():
    await asyncio.sleep(0.08)
    print("work is done")
    return "value"


async def the_work_survives():
    """The waiter is cancelled, and the work goes on to its end."""

    async def waiter():
        try:
            await asyncio.shield(work())
        finally:
            print("waiter is cancelled")

    task = asyncio.create_task(waiter())
    await asyncio.sleep(0.04)
    task.cancel()
    await asyncio.sleep(0.08)
    print("over")


async def nobody_is_cancelled():
    """If nobody is cancelled, it is as if it was not there."""
    print(await asyncio.shield(work()))


async def from_a_time_limit():
    """A time limit around it ends the waiting, not the work."""
    try:
        await asyncio.wait_for(asyncio.shield(work()), 0.04)
    except TimeoutError:
        print("timed out")
    await asyncio.sleep(0.08)
    print("over")

"""Time limits: `asyncio.timeout`."""

import asyncio
import time


async def cancelled_inside_timed_out_outside():
    """Inside, the block is cancelled; outside, it has timed out."""

    async def work():
        try:
            await asyncio.sleep(1)
        finally:
            print("clean-up inside")

    try:
        async with asyncio.timeout(0.04):
            await work()
    except TimeoutError:
        print("timed out")


async def in_time():
    """What ends in time has its value, with a limit or without."""

    async def work():
        await asyncio.sleep(0.04)
        return "done"

    async with asyncio.timeout(1):
        print(await work())
    async with asyncio.timeout(None):
        print(await work())


async def nested_the_inner_first():
    """Of two nested limits the inner one ends first: the outer block goes on."""
    async with asyncio.timeout(1):
        try:
            async with asyncio.timeout(0.04):
                await asyncio.sleep(2)
        except TimeoutError:
            print("inner timed out")
        print("the outer block goes on")


async def nested_the_outer_first():
    """Of two nested limits the outer one ends first: it is the one that reports."""
    try:
        async with asyncio.timeout(0.04):
            try:
                async with asyncio.timeout(1):
                    await asyncio.sleep(2)
            except TimeoutError:
                print("never printed")
    except TimeoutError:
        print("outer timed out")


async def both_due_in_one_turn():
    """If both are due in one turn, only the outer one reports."""
    try:
        async with asyncio.timeout(0.02):
            try:
                async with asyncio.timeout(0.05):
                    await asyncio.sleep(0)
                    time.sleep(0.09)
                    await asyncio.sleep(1)
            except TimeoutError:
                print("never printed")
    except TimeoutError:
        print("outer timed out")


async def rescheduled():
    """A limit can be moved while its block runs."""
    try:
        async with asyncio.timeout(0.04) as limit:
            limit.reschedule(asyncio.get_running_loop().time() + 0.12)
            await asyncio.sleep(0.08)
            print("longer than at first")
            await asyncio.sleep(0.08)
            print("never printed")
    except TimeoutError:
        print("timed out")


async def a_deadline_that_has_passed():
    """A block whose deadline has passed is still begun, up to its first wait."""
    try:
        async with asyncio.timeout(0):
            print("begun")
            await asyncio.sleep(1)
            print("never printed")
    except TimeoutError:
        print("timed out")

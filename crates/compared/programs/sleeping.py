"""Sleeping: who wakes when. (Of equal deadlines CPython's order is undefined; they are left out.)"""

import asyncio
import time


async def in_the_order_of_deadlines():
    """Sleepers wake in the order of their deadlines, not of their start."""

    async def sleeper(seconds):
        await asyncio.sleep(seconds)
        print(f"{seconds} s")

    await asyncio.gather(*(sleeper(seconds) for seconds in [0.12, 0.04, 0.16, 0.08]))


async def zero_is_one_turn():
    """A sleep of zero is one turn for everyone else."""

    async def other():
        for turn in range(1, 4):
            print(f"other, turn {turn}")
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    print("before")
    await asyncio.sleep(0)
    print("after one sleep")
    await asyncio.sleep(0)
    print("after another")
    await task


async def cancelled_it_never_fires():
    """What follows a sleep that was cancelled never runs."""

    async def sleeper():
        await asyncio.sleep(0.04)
        print("never printed")

    task = asyncio.create_task(sleeper())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.sleep(0.08)
    print("its time has passed")


async def after_a_busy_spell():
    """After a busy spell, all that are due wake in the order of their deadlines."""

    async def sleeper(seconds):
        await asyncio.sleep(seconds)
        print(f"{seconds} s")

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in [0.06, 0.02, 0.04]]
    await asyncio.sleep(0)
    time.sleep(0.09)
    print("busy until now")
    await asyncio.gather(*tasks)


async def a_thousand_cancelled():
    """When a thousand sleeps are cancelled, those that are left wake in their order."""

    async def sleeper(seconds):
        await asyncio.sleep(seconds)
        print(f"{seconds} s")

    tasks = [asyncio.create_task(sleeper(number / 1000)) for number in range(1, 1003)]
    await asyncio.sleep(0)
    left = [tasks.pop(), tasks.pop(500)]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*left)

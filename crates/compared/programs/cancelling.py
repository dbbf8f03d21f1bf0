"""Cancelling: when it arrives, what runs then, and who can refuse it."""

import asyncio


async def before_the_first_step():
    """Cancelled before its first step, a body never runs."""

    async def body():
        print("never printed")

    task = asyncio.create_task(body())
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")


async def delivered_at_the_await():
    """It arrives at the await where the task waits, and nothing after that runs."""

    async def body():
        try:
            print("before the await")
            await asyncio.sleep(1)
            print("never printed")
        finally:
            print("clean-up")

    task = asyncio.create_task(body())
    await asyncio.sleep(0)
    task.cancel()
    print("asked for")
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")


async def too_late():
    """What is done cannot be cancelled."""

    async def body():
        return 7

    task = asyncio.create_task(body())
    print("now" if task.cancel() else "too late")
    await asyncio.sleep(0)
    task = asyncio.create_task(body())
    await asyncio.sleep(0)
    print("now" if task.cancel() else "too late")
    print(await task)


async def of_oneself():
    """Who cancels itself runs on to its next wait."""

    async def body():
        asyncio.current_task().cancel()
        print("still running")
        await asyncio.sleep(0)
        print("never printed")

    task = asyncio.create_task(body())
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")


async def a_clean_up_that_waits():
    """A task that is asked to stop may await its clean-up."""

    async def body():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            await asyncio.sleep(0.04)
            print("said good-bye")

    task = asyncio.create_task(body())
    await asyncio.sleep(0)
    task.cancel()
    await task
    print("over")


async def refused():
    """Refusing a cancellation."""

    async def body():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            print("no, thank you")
        await asyncio.sleep(0.04)
        return "done"

    task = asyncio.create_task(body())
    await asyncio.sleep(0)
    task.cancel()
    try:
        print(await task)
    except asyncio.CancelledError:
        print("cancelled")


async def a_waiter_and_what_it_waits_for():
    """Cancelling a task that awaits another task."""

    async def work():
        await asyncio.sleep(0.04)
        print("work is done")

    child = asyncio.create_task(work())

    async def waiter():
        await child

    waiting = asyncio.create_task(waiter())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0.08)
    print("over")

"""The loop: turns, tasks, and what runs when."""

import asyncio
import time


async def scheduled_not_started():
    """A new task is scheduled, not started: it starts when its creator waits."""

    async def child():
        print("child")

    task = asyncio.create_task(child())
    print("created")
    await task
    print("awaited")


async def first_in_first_out():
    """Tasks start in the order of their creation."""

    async def child(name):
        print(name)

    tasks = [asyncio.create_task(child(name)) for name in "abc"]
    for task in tasks:
        await task


async def round_robin():
    """Tasks that give way take turns."""

    async def child(name):
        for turn in range(1, 4):
            print(f"{name}{turn}")
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(child(name)) for name in "abc"]
    for task in tasks:
        await task


async def added_during_a_turn():
    """What a task adds stands behind those that were there."""

    async def grandchild():
        print("grandchild")

    async def child(name):
        print(name)
        return asyncio.create_task(grandchild())

    tasks = [asyncio.create_task(child(name)) for name in ["first", "second"]]
    for task in tasks:
        await (await task)


async def a_failing_task_is_alone():
    """A task that fails takes nobody along: the loop goes on, and the error waits for whoever awaits."""

    async def fails():
        print("failing")
        raise ValueError("no bread")

    async def other():
        print("other task")

    failing, task = asyncio.create_task(fails()), asyncio.create_task(other())
    await task
    try:
        await failing
    except ValueError as error:
        print(error)


async def a_busy_queue_starves_no_timer():
    """Timers are looked at between turns, however busy the queue is."""

    is_over = False

    async def spinner():
        for _ in range(1000):
            time.sleep(0.001)
            await asyncio.sleep(0)
            if is_over:
                break
        print("spinner ends")

    task = asyncio.create_task(spinner())
    await asyncio.sleep(0.04)
    print("timer")
    is_over = True
    await task


async def ready_again_behind_others():
    """A task that is ready again stands behind those that were ready before it."""
    event = asyncio.Event()

    async def waiter():
        await event.wait()
        print("waiter")

    async def other(name):
        await asyncio.sleep(0)
        print(name)

    waiting = asyncio.create_task(waiter())
    first = asyncio.create_task(other("first"))
    await asyncio.sleep(0)
    event.set()
    second = asyncio.create_task(other("second"))
    for task in [waiting, first, second]:
        await task

"""Waking: what another thread sets ends a wait, once."""

import asyncio
import threading


# Calls a function on another thread, and waits for that.
def from_a_thread(function):
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


async def before_anyone_waits():
    """A wake before anyone waits is not lost: the wait does not begin."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    from_a_thread(lambda: loop.call_soon_threadsafe(event.set))
    await asyncio.sleep(0)
    await event.wait()
    print("did not wait")


async def often():
    """However often a task is woken before it runs, it runs once."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()

    async def waiter():
        while True:
            await event.wait()
            print("runs")
            event.clear()

    task = asyncio.create_task(waiter())
    await asyncio.sleep(0)
    for _ in range(3):
        from_a_thread(lambda: loop.call_soon_threadsafe(event.set))
    await asyncio.sleep(0.04)
    print("over")
    task.cancel()


async def after_its_end():
    """A wake that comes after a task has ended does nothing."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()

    async def impatient():
        try:
            async with asyncio.timeout(0.04):
                await event.wait()
        except TimeoutError:
            print("waited in vain")

    await asyncio.create_task(impatient())
    from_a_thread(lambda: loop.call_soon_threadsafe(event.set))
    await asyncio.sleep(0)
    print("over")

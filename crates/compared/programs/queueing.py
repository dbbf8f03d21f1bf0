"""`asyncio.Queue`: from task to task, with a bound."""

import asyncio


async def back_pressure():
    """A full queue makes the producer wait until there is room."""
    queue = asyncio.Queue(2)

    async def producer():
        for item in range(1, 5):
            await queue.put(item)
            print(f"put {item}")

    task = asyncio.create_task(producer())
    await asyncio.sleep(0.04)
    print(f"{queue.qsize()} in the queue")
    for _ in range(4):
        print(f"got {await queue.get()}")
        await asyncio.sleep(0.04)
    await task


async def getters_in_order():
    """Items go to the getters in the order in which they came."""
    queue = asyncio.Queue(2)

    async def getter(name):
        print(f"{name} got {await queue.get()}")

    tasks = [asyncio.create_task(getter(name)) for name in ["first", "second"]]
    await asyncio.sleep(0)
    await queue.put(1)
    await queue.put(2)
    await asyncio.gather(*tasks)


async def a_cancelled_getter_loses_no_item():
    """A getter that is cancelled when an item has come for it leaves it to the next."""
    queue = asyncio.Queue(1)

    async def getter(name):
        print(f"{name} got {await queue.get()}")

    first, second = asyncio.create_task(getter("first")), asyncio.create_task(getter("second"))
    await asyncio.sleep(0)
    await queue.put("the item")
    first.cancel()
    await second


async def a_cancelled_putter_puts_nothing():
    """A producer that is cancelled while it waits for room has put nothing, and keeps nobody waiting."""
    queue = asyncio.Queue(1)

    async def putter(item):
        await queue.put(item)
        print(f"put {item}")

    await queue.put(1)
    first, second = asyncio.create_task(putter(2)), asyncio.create_task(putter(3))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    print(f"got {await queue.get()}")
    await second
    print(f"got {await queue.get()}")

"""`asyncio.gather`: order, failures, and whose cancellation it is."""

import asyncio


async def work(name, seconds):
    await asyncio.sleep(seconds)
    print(f"{name} is done")
    return name


async def fail(seconds):
    await asyncio.sleep(seconds)
    raise ValueError("no bread")


async def in_the_order_of_the_arguments():
    """The results are in the order of the arguments, whoever is done first."""
    names = await asyncio.gather(work("slow", 0.08), work("quick", 0.04))
    print(", ".join(names))


async def of_nothing():
    """Without arguments there is nothing to wait for."""
    print(await asyncio.gather())


async def fails_fast():
    """The first error comes at once, and the siblings go on."""
    sibling = asyncio.create_task(work("sibling", 0.08))
    try:
        await asyncio.gather(sibling, fail(0.04))
    except ValueError as error:
        print(error)
    await asyncio.sleep(0.08)


async def every_outcome():
    """On request, every outcome is returned, good or bad."""
    for outcome in await asyncio.gather(fail(0.08), work("good", 0.04), return_exceptions=True):
        print(outcome)


async def cancelled_with_its_children():
    """Cancelling it cancels the children."""

    async def child():
        try:
            await asyncio.sleep(1)
        finally:
            print("child is cancelled")

    async def parent():
        await asyncio.gather(child(), child())

    task = asyncio.create_task(parent())
    await asyncio.sleep(0.04)
    task.cancel()
    await asyncio.sleep(0.04)
    print("over")


async def scheduled_at_the_call():
    """The children are scheduled at the call, before anyone awaits it."""

    async def child(name):
        print(name)

    both = asyncio.gather(child("first"), child("second"))
    await asyncio.sleep(0)
    print("awaiting now")
    await both

"""Barrier: nobody goes on before all have come."""

import asyncio


async def all_go_on_together():
    """Nobody goes on before the last one has come."""
    barrier = asyncio.Barrier(3)

    async def walker(name, seconds):
        await asyncio.sleep(seconds)
        print(f"{name} is there")
        await barrier.wait()
        return name

    print(await asyncio.gather(walker("first", 0.12), walker("second", 0.04), walker("third", 0.08)))


async def in_the_order_in_which_they_came():
    """Each hears as how many it came, beginning with 0."""
    barrier = asyncio.Barrier(3)

    async def walker(seconds):
        await asyncio.sleep(seconds)
        return await barrier.wait()

    print(await asyncio.gather(walker(0.12), walker(0.04), walker(0.08)))


async def again_and_again():
    """When all have gone on, it is there for the next ones."""
    barrier = asyncio.Barrier(2)

    async def walker(name):
        for lap in range(1, 4):
            await barrier.wait()
            if name == "first":
                print(f"lap {lap}")

    await asyncio.gather(walker("first"), walker("second"))

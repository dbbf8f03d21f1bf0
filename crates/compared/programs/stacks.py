"""`AsyncExitStack`: many contexts in one."""

import asyncio
import contextlib


class Room:
    def __init__(self, name):
        self.name = name

    async def __aenter__(self):
        await asyncio.sleep(0)
        print(f"enter {self.name}")
        return self

    async def __aexit__(self, kind, error, traceback):
        await asyncio.sleep(0)
        print(f"leave {self.name}: {error or 'well'}")


class Locked(Room):
    async def __aenter__(self):
        raise ValueError(f"{self.name} is locked")


class Forgiving(Room):
    async def __aexit__(self, kind, error, traceback):
        print(f"{self.name} forgives: {error}")
        return True


async def switch_off():
    await asyncio.sleep(0)
    print("heating off")


async def last_in_first_out():
    """All that was put on it is left in reverse order, whether it waits or not."""
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(Room("hall"))
        stack.callback(lambda: print("lights out"))
        stack.push_async_callback(switch_off)
        await stack.enter_async_context(Room("kitchen"))
        print("body")
    print("over")


async def suppressed():
    """A context on it that suppresses the error hides it from those below."""
    async with contextlib.AsyncExitStack() as stack:
        for room in [Room("hall"), Forgiving("kitchen"), Room("cellar")]:
            await stack.enter_async_context(room)
        raise ValueError("no bread")
    print("over")


async def a_failed_enter():
    """If an enter fails, what was entered before is left."""
    try:
        async with contextlib.AsyncExitStack() as stack:
            for room in [Room("hall"), Room("kitchen"), Locked("cellar"), Room("attic")]:
                await stack.enter_async_context(room)
            print("never printed")
    except ValueError as error:
        print(f"caught {error}")


async def kept_for_later():
    """What is on it can be taken off, and left later."""
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(Room("hall"))
        later = stack.pop_all()
    print("the block is over")
    async with later:
        print("later")

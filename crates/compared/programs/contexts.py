"""`async with`: what is entered is left again."""

import asyncio


class Room:
    def __init__(self, name):
        self.name = name

    async def __aenter__(self):
        await asyncio.sleep(0)
        print(f"enter {self.name}")
        return self

    async def __aexit__(self, kind, error, traceback):
        await asyncio.sleep(0)
        how = "cancelled" if kind is asyncio.CancelledError else error or "well"
        print(f"leave {self.name}: {how}")


class Locked(Room):
    async def __aenter__(self):
        raise ValueError(f"{self.name} is locked")


class Forgiving(Room):
    async def __aexit__(self, kind, error, traceback):
        print(f"{self.name} forgives: {error}")
        return True


class Translating(Room):
    async def __aexit__(self, kind, error, traceback):
        raise ValueError(f"{self.name} says: {error}")


async def last_in_first_out():
    """What was entered last is left first."""
    async with Room("hall"), Room("kitchen"):
        print("body")
    print("over")


async def an_error_leaves_through_the_exit():
    """An error leaves through the exits, which see it."""
    try:
        async with Room("hall"), Room("kitchen"):
            raise ValueError("no bread")
    except ValueError as error:
        print(f"caught {error}")


async def suppressed():
    """An exit may suppress the error: the code after the block runs, and outer exits see no error."""
    async with Room("hall"):
        async with Forgiving("kitchen"):
            raise ValueError("no bread")
        print("after the kitchen")


async def replaced():
    """An exit may put another error in its place."""
    try:
        async with Room("hall"):
            async with Translating("kitchen"):
                raise ValueError("no bread")
    except ValueError as error:
        print(f"caught {error}")


async def a_failed_enter():
    """If an enter fails there is no exit for it, but those around it are left."""
    try:
        async with Room("hall"):
            async with Locked("cellar"):
                print("never printed")
    except ValueError as error:
        print(f"caught {error}")


async def left_by_return():
    """`return` leaves through the exit, before the caller goes on."""

    async def visit():
        async with Room("hall"):
            for found in ["salt", "bread"]:
                if found == "bread":
                    return found
            raise ValueError("no bread")

    print(await visit())


async def left_by_break():
    """A loop that is left from inside the block leaves through the exit, each time."""
    for name in ["hall", "kitchen", "cellar"]:
        async with Room(name):
            is_enough = name == "kitchen"
        if is_enough:
            break
    print("over")


async def cancelled_in_the_body():
    """Cancelled in the body, the exits see that, and may await; a time limit around them waits for them."""
    try:
        async with asyncio.timeout(0.04):
            async with Room("hall"), Room("kitchen"):
                await asyncio.sleep(1)
                print("never printed")
    except TimeoutError:
        print("timed out")


async def the_canceller_and_the_exit():
    """Who awaits a task that was cancelled, and the exit of that task."""

    async def visit():
        async with Room("hall"):
            await asyncio.sleep(1)

    task = asyncio.create_task(visit())
    await asyncio.sleep(0.04)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("the canceller goes on")
    await asyncio.sleep(0.04)
    print("over")

"""Async generators: what runs when they are left."""

import asyncio


async def letters():
    try:
        for letter in "abc":
            await asyncio.sleep(0)
            yield letter
    finally:
        await asyncio.sleep(0)
        print("clean-up")


async def to_its_end():
    """At its end, its clean-up has run before the loop goes on."""
    async for letter in letters():
        print(letter)
    print("after the loop")


async def break_is_not_close():
    """`break` closes nothing: the clean-up runs later, in another task."""
    async for letter in letters():
        print(letter)
        break
    print("after the loop")
    await asyncio.sleep(0.04)
    print("later")


async def closed():
    """Closed explicitly, its clean-up has run when the close is over."""
    items = letters()
    async for letter in items:
        print(letter)
        break
    print("after the loop")
    await items.aclose()
    print("closed")


async def closed_twice():
    """Closing it twice is fine, and so is closing what was never begun; neither cleans up again."""
    items = letters()
    await items.aclose()
    print("never begun")
    items = letters()
    print(await anext(items))
    await items.aclose()
    await items.aclose()
    print("closed")
    async for letter in items:
        print("never printed")


async def runs_only_when_asked():
    """It runs only while it is asked for an item."""

    async def numbers():
        for number in [1, 2]:
            print(f"making {number}")
            yield number
        print("no more")

    items = numbers()
    print("made")
    print(f"got {await anext(items)}")
    await asyncio.sleep(0.04)
    print("asking again")
    print(f"got {await anext(items)}")
    print(f"got {await anext(items, 'nothing')}")


def left_when_main_ends():
    """`run` closes the generators that are left, before it returns."""

    async def main():
        items.append(letters())
        print(await anext(items[0]))
        print("main ends")

    items = []
    asyncio.run(main())
    print("run has returned")


async def still_cleaning_up_as_main_ends():
    """A clean-up that is still waiting when the main coroutine ends."""

    async def letters():
        try:
            yield "a"
            yield "b"
        finally:
            print("cleaning up")
            await asyncio.sleep(0.08)
            print("cleaned up")

    async for letter in letters():
        print(letter)
        break
    await asyncio.sleep(0.04)
    print("main ends")


async def plain_clean_up_after_break():
    """A clean-up that does not wait, after `break`."""

    async def numbers():
        try:
            yield 1
            yield 2
        finally:
            print("clean-up")

    async for number in numbers():
        print(number)
        break
    print("after the loop")
    await asyncio.sleep(0.04)
    print("later")

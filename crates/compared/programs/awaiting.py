"""What `await` does: a call in line, unless what is awaited has to wait."""

import asyncio


async def say_soon(text):
    print(text)


async def awaiting_a_coroutine_is_a_call():
    """Awaiting a coroutine runs it in line; no other task has a turn."""

    async def inner():
        print("inner")

    other = asyncio.create_task(say_soon("other task"))
    print("before")
    await inner()
    print("after")
    await other


async def only_a_suspension_lets_others_run():
    """Others run when the innermost await has to wait, however deep that is."""

    async def innermost():
        print("innermost begins")
        await asyncio.sleep(0)
        print("innermost ends")

    async def middle():
        await innermost()

    other = asyncio.create_task(say_soon("other task"))
    await middle()
    await other


async def awaiting_what_is_done():
    """Awaiting what is done already does not wait."""
    done = asyncio.create_task(say_soon("done"))
    await asyncio.sleep(0)
    other = asyncio.create_task(say_soon("other task"))
    await done
    print("awaited")
    await other


async def two_coroutines_in_a_row():
    """Two coroutines awaited one after the other add up; two tasks overlap."""

    async def wait(text):
        await asyncio.sleep(0.06)
        print(text)

    async def clock():
        await asyncio.sleep(0.09)
        print("0.09 s have passed")

    ticking = asyncio.create_task(clock())
    first, second = wait("first coroutine"), wait("second coroutine")
    await first
    await second
    await ticking

    ticking = asyncio.create_task(clock())
    first, second = asyncio.create_task(wait("first task")), asyncio.create_task(wait("second task"))
    await first
    await second
    await ticking

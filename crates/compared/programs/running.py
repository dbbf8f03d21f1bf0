"""`asyncio.run`: from the first task to the last."""

import asyncio
import threading


def a_value_or_an_error():
    """It returns the value of its main coroutine, or fails with its error."""

    async def good():
        await asyncio.sleep(0)
        return "the value"

    async def bad():
        await asyncio.sleep(0)
        raise ValueError("no bread")

    print(asyncio.run(good()))
    try:
        asyncio.run(bad())
    except ValueError as error:
        print(error)


def what_is_left_is_cancelled():
    """Tasks that are left when the main coroutine ends are cancelled, before `run` returns."""

    async def forever():
        try:
            await asyncio.sleep(3600)
        finally:
            print("a task was cancelled")

    async def main():
        tasks.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)
        print("main ends")

    tasks = []
    asyncio.run(main())
    print("run has returned")


def their_clean_ups_are_awaited():
    """The clean-ups of the tasks that are left may wait: `run` returns after them."""

    class Room:
        async def __aenter__(self):
            print("entered")

        async def __aexit__(self, *error):
            await asyncio.sleep(0.04)
            print("left")

    async def forever():
        async with Room():
            await asyncio.sleep(3600)

    async def main():
        tasks.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)
        print("main ends")

    tasks = []
    asyncio.run(main())
    print("run has returned")


def no_loop_in_a_loop():
    """A loop inside a loop is refused, and the outer one goes on."""

    async def inner():
        print("never printed")

    async def main():
        coroutine = inner()
        try:
            asyncio.run(coroutine)
        except RuntimeError:
            print("refused")
        coroutine.close()
        await asyncio.sleep(0)
        print("the outer loop goes on")

    asyncio.run(main())


def woken_from_a_thread():
    """A result from another thread wakes the loop, which sleeps meanwhile."""
    async def main():
        loop = asyncio.get_running_loop()
        result = loop.create_future()
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(result.set_result, "from a thread"))
        thread.start()
        print(await result)
        thread.join()

    asyncio.run(main())

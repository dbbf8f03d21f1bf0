"""`TaskGroup`: tasks that end before the block does."""

import asyncio


async def work(name, seconds):
    try:
        await asyncio.sleep(seconds)
        print(f"{name} is done")
    except asyncio.CancelledError:
        print(f"{name} is cancelled")
        raise


async def fail(text, seconds):
    await asyncio.sleep(seconds)
    raise ValueError(text)


async def waits_for_all():
    """The block ends when all of its tasks have ended."""
    async with asyncio.TaskGroup() as group:
        group.create_task(work("slow", 0.08))
        group.create_task(work("quick", 0.04))
        print("the body ends")
    print("over")


async def the_first_error_cancels():
    """The first error cancels the siblings, and what the body awaits."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work("sibling", 1))
            group.create_task(fail("no bread", 0.04))
            await work("body", 2)
            print("never printed")
    except* ValueError as errors:
        print(", ".join(str(error) for error in errors.exceptions))


async def two_fail_in_one_turn():
    """Two tasks that fail in one turn of the loop."""
    event = asyncio.Event()

    async def fail_then(text):
        await event.wait()
        raise ValueError(text)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail_then("first"))
            group.create_task(fail_then("second"))
            await asyncio.sleep(0)
            event.set()
    except* ValueError as errors:
        print(", ".join(str(error) for error in errors.exceptions))


async def an_error_of_the_body():
    """An error of the body cancels the tasks, and is reported like theirs."""
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(work("child", 1))
            await asyncio.sleep(0.04)
            raise ValueError("no bread")
    except* ValueError as errors:
        print(", ".join(str(error) for error in errors.exceptions))


async def a_cancelled_child():
    """A child that is cancelled alone is no error."""
    async with asyncio.TaskGroup() as group:
        child = group.create_task(work("child", 1))
        group.create_task(work("sibling", 0.08))
        await asyncio.sleep(0.04)
        child.cancel()
    print("over")


async def after_the_end():
    """After its end a group takes no more tasks."""
    async with asyncio.TaskGroup() as group:
        print("body")
    coroutine = work("never started", 0)
    try:
        group.create_task(coroutine)
    except RuntimeError:
        print("refused")
    coroutine.close()


async def tasks_that_start_tasks():
    """A task may start others in its group, which are waited for as well."""
    async with asyncio.TaskGroup() as group:

        async def parent():
            await asyncio.sleep(0.04)
            group.create_task(work("child", 0.04))
            print("parent is done")

        group.create_task(parent())
    print("over")


async def cancelled_from_outside():
    """A block that is cancelled cancels its tasks, and ends after them."""
    try:
        async with asyncio.timeout(0.04):
            async with asyncio.TaskGroup() as group:
                group.create_task(work("child", 1))
                print("the body ends")
    except TimeoutError:
        print("timed out")

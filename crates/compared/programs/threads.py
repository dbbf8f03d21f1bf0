"""`asyncio.to_thread`, and what blocking does without it."""

import asyncio
import threading
import time


async def the_loop_lives_meanwhile():
    """While a job blocks a thread, the loop runs its tasks."""
    go = threading.Event()

    async def other():
        print("another task")
        go.set()

    task = asyncio.create_task(other())
    await asyncio.to_thread(go.wait)
    print("the job is done")
    await task


async def blocking_in_a_task():
    """Blocking inside a task stops all the others."""

    async def ticker():
        await asyncio.sleep(0.04)
        print("tick")

    task = asyncio.create_task(ticker())
    await asyncio.sleep(0)
    print("blocking")
    time.sleep(0.08)
    print("blocked for twice the time of the tick")
    await task


async def its_value_or_its_error():
    """The value, or the error, of the job comes at the await."""

    def parse(text):
        return int(text)

    print(await asyncio.to_thread(parse, "7"))
    try:
        await asyncio.to_thread(parse, "seven")
    except ValueError:
        print("not a number")


async def cancelled_while_it_runs():
    """Cancelling the await does not stop the thread."""
    began, go, done = threading.Event(), threading.Event(), threading.Event()

    def job():
        began.set()
        go.wait()
        done.set()

    async def waiter():
        await asyncio.to_thread(job)

    task = asyncio.create_task(waiter())
    await asyncio.sleep(0)
    began.wait()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("the await is cancelled")
    go.set()
    done.wait()
    print("the job has come to its end")

"""`asyncio.wait` and `as_completed`: the first, or each as it comes."""

import asyncio


async def work(name, seconds):
    await asyncio.sleep(seconds)
    return name


async def fail(seconds):
    await asyncio.sleep(seconds)
    raise ValueError("no bread")


async def the_first():
    """Waiting for the first one leaves the others running."""
    tasks = {asyncio.create_task(work("slow", 0.08)), asyncio.create_task(work("quick", 0.04))}
    done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    print(done.pop().result())
    print(f"{len(tasks)} left")
    done, tasks = await asyncio.wait(tasks)
    print(done.pop().result())


async def the_first_error():
    """Waiting for the first error ends with it, and leaves the others running."""
    slow = asyncio.create_task(work("slow", 0.12))
    tasks = [asyncio.create_task(work("quick", 0.04)), asyncio.create_task(fail(0.08)), slow]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    print(", ".join(str(task.exception()) for task in done if task.exception()))
    print("slow still runs" if slow in pending else "slow is done")
    await asyncio.sleep(0.08)
    print("slow still runs" if not slow.done() else "slow is done")


async def all_of_them():
    """Waiting for all waits for all, whatever fails."""
    tasks = [asyncio.create_task(fail(0.04)), asyncio.create_task(work("slow", 0.08))]
    await asyncio.wait(tasks)
    print(tasks[0].exception())
    print(tasks[1].result())


async def a_time_limit_cancels_nothing():
    """A time limit for the waiting cancels none of the tasks."""
    tasks = {asyncio.create_task(work("slow", 0.08))}
    done, tasks = await asyncio.wait(tasks, timeout=0.04)
    print(f"{len(done)} done, {len(tasks)} left")
    done, tasks = await asyncio.wait(tasks)
    print(done.pop().result())


async def as_they_come():
    """`as_completed` gives the outcomes in the order in which the tasks end."""
    tasks = [asyncio.create_task(work(f"after {time} s", time)) for time in [0.12, 0.04, 0.08]]
    for outcome in asyncio.as_completed(tasks):
        print(await outcome)


async def an_error_comes_at_its_turn():
    """An error comes at its turn, and ends nothing."""
    tasks = [asyncio.create_task(work("slow", 0.12)), asyncio.create_task(fail(0.08))]
    tasks.append(asyncio.create_task(work("quick", 0.04)))
    for outcome in asyncio.as_completed(tasks):
        try:
            print(await outcome)
        except ValueError as error:
            print(error)

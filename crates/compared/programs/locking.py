"""Lock, Semaphore and Event: who goes next."""

import asyncio


async def first_in_first_out():
    """A lock goes to the waiters in the order in which they came."""
    lock = asyncio.Lock()

    async def worker(name):
        async with lock:
            print(f"{name} has it")
            await asyncio.sleep(0)

    await asyncio.gather(worker("first"), worker("second"), worker("third"))


async def no_barging():
    """Who comes between the release and the waiter's turn stands behind the waiter."""
    lock = asyncio.Lock()

    async def waiter():
        async with lock:
            print("the waiter has it")

    async with lock:
        task = asyncio.create_task(waiter())
        await asyncio.sleep(0)
    async with lock:
        print("the late one has it")
    await task


async def a_cancelled_waiter_is_skipped():
    """A waiter that is cancelled is passed over."""
    lock = asyncio.Lock()

    async def worker(name):
        async with lock:
            print(f"{name} has it")

    async with lock:
        first, second = asyncio.create_task(worker("first")), asyncio.create_task(worker("second"))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.sleep(0)
    await second


async def woken_then_cancelled():
    """A waiter that is cancelled after its turn has come passes it on."""
    lock = asyncio.Lock()

    async def worker(name):
        async with lock:
            print(f"{name} has it")

    async with lock:
        first, second = asyncio.create_task(worker("first")), asyncio.create_task(worker("second"))
        await asyncio.sleep(0)
    first.cancel()
    await second
    print("free" if not lock.locked() else "lost")


async def not_re_entrant():
    """Who has a lock and asks for it again waits for itself."""
    lock = asyncio.Lock()
    async with lock:
        try:
            async with asyncio.timeout(0.04):
                async with lock:
                    print("never printed")
        except TimeoutError:
            print("waited in vain")


async def so_many_at_once():
    """A semaphore lets so many go on at once."""
    semaphore = asyncio.Semaphore(2)

    async def worker(name, seconds):
        async with semaphore:
            print(f"{name} begins")
            await asyncio.sleep(seconds)
            print(f"{name} ends")

    await asyncio.gather(worker("first", 0.04), worker("second", 0.08), worker("third", 0.08))


async def an_event_wakes_all():
    """An event lets go all that wait, in the order in which they came; who comes later does not wait."""
    event = asyncio.Event()

    async def waiter(name):
        await event.wait()
        print(name)

    tasks = [asyncio.create_task(waiter(name)) for name in ["first", "second", "third"]]
    await asyncio.sleep(0)
    event.set()
    await event.wait()
    print("already set")
    await asyncio.gather(*tasks)


async def set_and_cleared_at_once():
    """Who waits when an event is set is let go, even if it is cleared at once."""
    event = asyncio.Event()

    async def waiter():
        await event.wait()
        print("let go")

    task = asyncio.create_task(waiter())
    await asyncio.sleep(0)
    event.set()
    event.set()
    event.clear()
    await task
    print("set" if event.is_set() else "clear")

"""`async for`: one item at a time."""

import asyncio


class Countdown:
    """Counts down, and waits before each number."""

    def __init__(self, start):
        self.left = start

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.left == 0:
            raise StopAsyncIteration
        print(f"waiting for {self.left}")
        await asyncio.sleep(0)
        self.left -= 1
        return self.left + 1


class Ready:
    """Counts up to an end, and never waits."""

    def __init__(self, end):
        self.next, self.end = 0, end

    def __aiter__(self):
        return self

    async def __anext__(self):
        if self.next == self.end:
            raise StopAsyncIteration
        self.next += 1
        return self.next


async def other():
    print("another task")


async def one_item_after_the_other():
    """The loop is sequential: while the body runs, the iterator stands still."""
    async for number in Countdown(2):
        print(f"body of {number} begins")
        await asyncio.sleep(0)
        print(f"body of {number} ends")
    print("over")


async def others_run_while_it_waits():
    """Other tasks run while the iterator waits for its next item."""
    task = asyncio.create_task(other())
    async for number in Countdown(2):
        print(number)
    await task


async def others_do_not_run_if_it_is_ready():
    """Other tasks do not run if the next items are ready."""
    task = asyncio.create_task(other())
    async for number in Ready(3):
        print(number)
    await task


async def a_thousand_ready_items():
    """A thousand items that are ready."""
    has_run = False

    async def other():
        nonlocal has_run
        has_run = True

    task = asyncio.create_task(other())
    async for _ in Ready(1000):
        pass
    print("another task has run meanwhile" if has_run else "no other task has run")
    await task


async def left_early():
    """`break` leaves the loop, and the rest can be had later."""
    numbers = Ready(4)
    async for number in numbers:
        print(number)
        if number == 2:
            break
    print("in between")
    async for number in numbers:
        print(number)
    print("the end")


async def an_error_ends_it():
    """An error ends a generator for good."""

    async def numbers():
        yield 1
        raise ValueError("no bread")
        yield 2

    items = numbers()
    try:
        async for number in items:
            print(number)
    except ValueError as error:
        print(error)
    async for number in items:
        print("never printed")
    print("it has ended")


class Letters:
    """Each loop over it has a generator of its own."""

    async def __aiter__(self):
        for letter in "ab":
            await asyncio.sleep(0)
            yield letter


async def each_loop_begins_anew():
    """If `__aiter__` is a generator function, each loop begins anew."""
    letters = Letters()
    for _ in range(2):
        async for letter in letters:
            print(letter)


async def a_loop_in_a_loop():
    """Two loops over it at once have their own places in it."""
    letters = Letters()
    async for outer in letters:
        async for inner in letters:
            print(outer, inner)

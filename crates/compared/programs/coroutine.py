"""What a coroutine object is: inert until it is driven."""

import types
import warnings


async def calling_it_runs_nothing():
    """Calling a coroutine function runs nothing of it; awaiting does."""

    async def greet():
        print("hello")
        return 7

    coroutine = greet()
    print("called")
    print(await coroutine)


@types.coroutine
def pause():
    yield


async def two_steps():
    print("first step")
    await pause()
    print("second step")
    return "the value"


def driven_by_hand():
    """Driven by hand it stops, goes on, and ends with a value."""
    coroutine = two_steps()
    coroutine.send(None)
    print("it waits")
    try:
        coroutine.send(None)
    except StopIteration as end:
        print(f"it ended with {end.value}")


def driven_after_its_end():
    """Driving it after its end is an error."""
    coroutine = two_steps()
    coroutine.send(None)
    try:
        coroutine.send(None)
    except StopIteration:
        print("the end")
    try:
        coroutine.send(None)
    except RuntimeError:
        print("an error")


def closed_while_it_waits():
    """Closing it while it waits runs its clean-up, and nothing after the await."""

    async def work():
        try:
            print("working")
            await pause()
            print("never printed")
        finally:
            print("clean-up")

    coroutine = work()
    coroutine.send(None)
    coroutine.close()
    print("closed")


def closed_before_its_start():
    """Closing it before its start."""

    async def work():
        try:
            print("working")
        finally:
            print("clean-up")

    coroutine = work()
    coroutine.close()
    print("closed")


def never_awaited():
    """Throwing it away before its start runs nothing of it, and is warned of."""

    async def work():
        print("working")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        coroutine = work()
        del coroutine
        for warning in caught:
            print(f"{warning.category.__name__}: {warning.message}".replace("never_awaited.<locals>.", ""))
    print("nothing has run")

"""Transactions across `await`: a suspension point is a switch point."""

import asyncio


class Account:
    def __init__(self):
        self.balance = 0


async def deposit(account):
    balance = account.balance
    await asyncio.sleep(0)
    account.balance = balance + 1


async def without_a_lock():
    """A hundred deposits that read, await and write: all but one are lost."""
    account = Account()
    await asyncio.gather(*(deposit(account) for _ in range(100)))
    print(account.balance)


async def with_a_lock():
    """The same, one at a time: none is lost."""
    account, lock = Account(), asyncio.Lock()

    async def locked():
        async with lock:
            await deposit(account)

    await asyncio.gather(*(locked() for _ in range(100)))
    print(account.balance)


async def without_an_await_in_between():
    """No await between reading and writing: none is lost, and no lock is needed."""
    account = Account()

    async def at_once():
        await asyncio.sleep(0)
        account.balance += 1

    await asyncio.gather(*(at_once() for _ in range(100)))
    print(account.balance)

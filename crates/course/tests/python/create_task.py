import asyncio


async def io_operation(id, delay):
    await asyncio.sleep(delay)
    print(f"IO {id} delayed {delay}s")


async def main():
    task1 = asyncio.create_task(io_operation(1, 1))
    task2 = asyncio.create_task(io_operation(2, 2))
    await task1
    await task2


asyncio.run(main())

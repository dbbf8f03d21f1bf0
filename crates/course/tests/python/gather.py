import asyncio


async def io_operation(id, delay):
    await asyncio.sleep(delay)
    print(f"IO {id} delayed {delay}s")


async def main():
    await asyncio.gather(io_operation(1, 1), io_operation(2, 2))


asyncio.run(main())

import asyncio


async def io_operation():
    print("Some time-consuming IO operations...")
    await asyncio.sleep(2)


async def main():
    print("Begin operation")
    await io_operation()
    print("End operation")


asyncio.run(main())

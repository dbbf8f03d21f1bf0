import asyncio

class AsyncIterable:
    def __init__(self, max_count):
        self.max_count = max_count

    async def __aiter__(self):
        for i in range(self.max_count):
            await asyncio.sleep(1)
            yield i

async def main():
    async for item in AsyncIterable(5):
        print(f"Received: {item}")

asyncio.run(main())

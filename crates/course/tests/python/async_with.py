import asyncio

class AsyncDBConnection:
    async def __aenter__(self):
        print("Connecting to database...")
        await asyncio.sleep(1)
        return self

    async def __aexit__(self, exc_type, exc_val, exc_tb):
        print("Disconnecting from database...")
        await asyncio.sleep(1)

    async def query(self, sql):
        await asyncio.sleep(1)
        return f"Results of query: {sql}"

async def main():
    async with AsyncDBConnection() as db:
        result = await db.query("SELECT * FROM users")
        print(result)

asyncio.run(main())

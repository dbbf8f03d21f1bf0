"""Sockets: the loop waits for all of them at once."""

import asyncio


async def answer(reader, writer):
    while line := await reader.readline():
        writer.write(line)
    writer.close()


async def start_server():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    return server.sockets[0].getsockname()


# Says that we have nothing more to say, and waits for the server to do the same.
async def close(reader, writer):
    writer.write_eof()
    await reader.read()
    writer.close()


async def clients_overlap():
    """A client that says nothing keeps no other waiting."""
    address = await start_server()
    silent_reader, silent = await asyncio.open_connection(*address)
    reader, writer = await asyncio.open_connection(*address)

    writer.write(b"second\n")
    print((await reader.readline()).decode().strip())
    silent.write(b"first\n")
    print((await silent_reader.readline()).decode().strip())
    await close(silent_reader, silent)
    await close(reader, writer)


async def the_end_of_a_connection():
    """Whoever reads hears that the other side has closed: it reads nothing, again and again."""
    reader, writer = await asyncio.open_connection(*await start_server())

    writer.write(b"hello\n")
    writer.write_eof()
    print((await reader.readline()).decode().strip())
    print(f"{len(await reader.read(10))} bytes")
    print(f"{len(await reader.read(10))} bytes")
    writer.close()


async def reading_while_others_run():
    """While one task waits to read, others run."""
    reader, writer = await asyncio.open_connection(*await start_server())

    async def client():
        print("reading")
        print((await reader.readline()).decode().strip())

    task = asyncio.create_task(client())
    await asyncio.sleep(0)
    print("another task")
    writer.write(b"read\n")
    await task
    await close(reader, writer)


async def a_file_is_read_by_a_thread():
    """A file is always ready, says the system, so a thread reads it, and the loop lives meanwhile."""

    async def other():
        print("another task")

    def read():
        with open(__file__, encoding="utf-8") as file:
            return file.read()

    task = asyncio.create_task(other())
    text = await asyncio.to_thread(read)
    print("read it" if "a_file_is_read" in text else "read something else")
    await task

#!/usr/bin/env python3
"""Python's event loops on the rows of the contest: one sample of one contestant on one row, in a process of its own.

    $ python3 benches/python/contest.py --list
    $ python3 benches/python/contest.py yield-one-task asyncio
    $ python3 benches/python/contest.py yield-one-task uvloop --size 1000 --seconds 0.2

The same command line and the same JSON as the binary `contest` (src/bin/contest, whose --list says what each row is), for
the same work: rounds until the time is up, the first one warms up, the median of the others is the figure. uvloop takes
part if it is installed. There is no limit here: that one is written in Rust.
"""

import argparse
import asyncio
import json
import os
import select
import socket
import sys
import threading
import time

ONE_THREAD = "its tasks stay on one thread"
NO_RESET = "its timers cannot be set anew"
NO_LOOP = "it starts a whole loop, not a block_on for one future"

HOUR = 3600.0
MESSAGE = 64


class Watch:
    """Measures rounds: `while watch.begin(): a round; watch.end(operations)`."""

    def __init__(self, limit):
        self.limit = limit
        self.since = None
        self.is_warm = False
        self.rounds = []
        self.cpu = 0
        self.operations = 0

    def begin(self):
        is_over = self.since is not None and time.perf_counter() - self.since >= self.limit
        if is_over and self.rounds:
            return False
        if self.is_warm and self.since is None:
            self.since = time.perf_counter()
        self.began = time.perf_counter_ns(), time.process_time_ns()
        return True

    def end(self, operations):
        wall, cpu = time.perf_counter_ns() - self.began[0], time.process_time_ns() - self.began[1]
        if not self.is_warm:
            self.is_warm = True
            return
        self.rounds.append(wall / operations)
        self.cpu += cpu
        self.operations += operations

    def sample(self):
        self.rounds.sort()
        wall = self.rounds[len(self.rounds) // 2]
        extra = {
            "rounds": len(self.rounds),
            "best_ns_per_op": self.rounds[0],
            "worst_ns_per_op": self.rounds[-1],
        }
        return {"figure": wall, "ns_per_op": wall, "cpu_ns_per_op": self.cpu / self.operations, "extra": extra}


def repeats(size, operations):
    return max(operations // size, 1)


def resident_bytes():
    with open("/proc/self/smaps_rollup") as rollup:
        line = next(line for line in rollup if line.startswith("Rss:"))
    return int(line.split()[1]) * 1024


async def spawn_and_join(size, seconds):
    async def number(n):
        return n

    watch = Watch(seconds)
    batches = repeats(size, 2_000)
    while watch.begin():
        for _ in range(batches):
            tasks = [asyncio.create_task(number(n)) for n in range(size)]
            total = 0
            for task in tasks:
                total += await task
            assert total == size * (size - 1) // 2
        watch.end(batches * size)
    return watch.sample()


async def yielding(yields):
    for _ in range(yields):
        await asyncio.sleep(0)


async def yield_alone(size, seconds):
    watch = Watch(seconds)
    while watch.begin():
        await asyncio.create_task(yielding(size))
        watch.end(size)
    return watch.sample()


async def yield_among_many(size, seconds):
    watch = Watch(seconds)
    yields = repeats(size, 50_000)
    while watch.begin():
        await asyncio.gather(*[yielding(yields) for _ in range(size)])
        watch.end(size * yields)
    return watch.sample()


async def signal(size, seconds):
    """A future for each signal: what asyncio's own primitives are made of."""
    loop = asyncio.get_running_loop()

    class Slot:
        def __init__(self):
            self.is_set = False
            self.waiter = None

        def set(self):
            self.is_set = True
            if self.waiter is not None:
                self.waiter.set_result(None)
                self.waiter = None

        async def wait(self):
            if not self.is_set:
                self.waiter = loop.create_future()
                await self.waiter
            self.is_set = False

    async def first(ping, pong):
        for _ in range(size):
            ping.set()
            await pong.wait()

    async def second(ping, pong):
        for _ in range(size):
            await ping.wait()
            pong.set()

    watch = Watch(seconds)
    while watch.begin():
        slots = Slot(), Slot()
        await asyncio.gather(first(*slots), second(*slots))
        watch.end(size)
    return watch.sample()


async def channel(size, seconds):
    async def first(ping, pong):
        for n in range(size):
            await ping.put(n)
            assert await pong.get() == n + 1

    async def second(ping, pong):
        for _ in range(size):
            await pong.put(await ping.get() + 1)

    watch = Watch(seconds)
    while watch.begin():
        queues = asyncio.Queue(1), asyncio.Queue(1)
        await asyncio.gather(first(*queues), second(*queues))
        watch.end(size)
    return watch.sample()


async def timer_set(size, seconds):
    """A timer of asyncio is a callback: it is set and cancelled, as `asyncio.sleep` does."""
    loop = asyncio.get_running_loop()
    others = [loop.call_later(HOUR + n / 1000, print) for n in range(size)]
    watch = Watch(seconds)
    while watch.begin():
        for _ in range(10_000):
            loop.call_later(HOUR, print).cancel()
        await asyncio.sleep(0)
        watch.end(10_000)
    for other in others:
        other.cancel()
    return watch.sample()


async def sleeps(size, _seconds):
    begin, cpu = time.monotonic_ns(), time.process_time_ns()
    # Time enough to spawn all tasks before the first one is due.
    first = begin + 100_000_000 + 40_000 * size
    lateness = []

    async def sleeping(deadline):
        await asyncio.sleep(max(deadline - time.monotonic_ns(), 0) / 1e9)
        lateness.append(time.monotonic_ns() - deadline)

    moments = [first + 200_000_000 * (n * 7_919 % size) // size for n in range(size)]
    await asyncio.gather(*[sleeping(moment) for moment in moments])
    wall, cpu = (time.monotonic_ns() - begin) / size, (time.process_time_ns() - cpu) / size
    lateness.sort()
    last = len(lateness) - 1
    extra = {
        "earliest_ns": lateness[0],
        "median_late_ns": lateness[last // 2],
        "p99_late_ns": lateness[last * 99 // 100],
        "worst_late_ns": lateness[last],
    }
    return {"figure": cpu, "ns_per_op": wall, "cpu_ns_per_op": cpu, "extra": extra}


async def timer_bytes(size, _seconds):
    loop = asyncio.get_running_loop()
    loop.call_later(HOUR, print).cancel()
    before = resident_bytes()
    waiting = [loop.call_later(HOUR + n / 1000, print) for n in range(size)]
    figure = (resident_bytes() - before) / size
    del waiting
    return {"figure": figure, "bytes_per_op": figure, "extra": {}}


async def task_bytes(size, _seconds):
    async def idle(number):
        await asyncio.get_running_loop().create_future()
        print(number)

    before = resident_bytes()
    waiting = []
    for at in range(0, size, 1_000):
        waiting += [asyncio.create_task(idle(n)) for n in range(at, min(at + 1_000, size))]
        await asyncio.sleep(0)
    figure = (resident_bytes() - before) / size
    return {"figure": figure, "bytes_per_op": figure, "extra": {}}


def calls(n):
    one_less, result = 1, 1
    for _ in range(1, n):
        one_less, result = result, one_less + result + 1
    return result


async def fork_and_join(size, seconds):
    async def fib(n):
        if n < 2:
            return n
        one, two = asyncio.create_task(fib(n - 1)), asyncio.create_task(fib(n - 2))
        return await one + await two

    watch = Watch(seconds)
    while watch.begin():
        await asyncio.create_task(fib(size))
        watch.end(calls(size))
    return watch.sample()


class Echo(asyncio.Protocol):
    """The fastest way that asyncio has; its streams are built on this."""

    def connection_made(self, transport):
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


def echo(size, seconds, run):
    """Serves in a process of its own, as two threads of one interpreter would wait for each other."""
    ours, theirs = socket.socketpair()
    server = os.fork()
    if server == 0:
        os.sched_setaffinity(0, {0})

        async def serve():
            listening = await asyncio.get_running_loop().create_server(Echo, "127.0.0.1", 0)
            theirs.send(str(listening.sockets[0].getsockname()[1]).encode())
            await listening.serve_forever()

        run(serve())
    os.sched_setaffinity(0, {1})
    address = "127.0.0.1", int(ours.recv(16))
    try:
        return exchange([socket.create_connection(address) for _ in range(size)], seconds, server)
    finally:
        os.kill(server, 9)
        os.waitpid(server, 0)


def exchange(connections, seconds, server):
    poll = select.epoll()
    by_number = {}
    message = b"7" * MESSAGE
    for connection in connections:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(connection, select.EPOLLIN)
        by_number[connection.fileno()] = connection
        connection.send(message)

    def trips(count):
        done = 0
        while done < count:
            for number, _ in poll.poll():
                connection = by_number[number]
                assert connection.recv(MESSAGE) == message
                connection.send(message)
                done += 1
        return done

    def server_cpu():
        # utime and stime of proc(5), in clock ticks, after the name in brackets.
        with open(f"/proc/{server}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) * 1e9 / os.sysconf("SC_CLK_TCK")

    trips(2_000)
    begin, cpu = time.perf_counter(), server_cpu()
    rounds, total = [], 0
    while not rounds or time.perf_counter() - begin < seconds:
        since = time.perf_counter_ns()
        done = trips(2_000)
        rounds.append((time.perf_counter_ns() - since) / done)
        total += done
    cpu = (server_cpu() - cpu) / total
    rounds.sort()
    wall = rounds[len(rounds) // 2]
    return {"figure": wall, "ns_per_op": wall, "cpu_ns_per_op": cpu, "extra": {"rounds": len(rounds)}}


# The work, the usual size, the unit.
ROWS = {
    "spawn-one-thread": (spawn_and_join, 1_000, "ns"),
    "yield-one-task": (yield_alone, 10_000, "ns"),
    "yield-one-thread": (yield_among_many, 1_000, "ns"),
    "signal-one-thread": (signal, 5_000, "ns"),
    "channel-one-thread": (channel, 5_000, "ns"),
    "timer-set-and-drop": (timer_set, 1_000, "ns"),
    "sleeps": (sleeps, 100_000, "ns of CPU time"),
    "bytes-per-timer": (timer_bytes, 100_000, "bytes"),
    "bytes-per-task": (task_bytes, 100_000, "bytes"),
    "echo-one-thread": (echo, 64, "ns"),
    "fork-join-one-thread": (fork_and_join, 15, "ns"),
}

MISSING = {
    "timer-reset": NO_RESET,
    "signal-two-threads": NO_LOOP,
    "block-on-ready": NO_LOOP,
    "spawn-two-workers": ONE_THREAD,
    "yield-two-workers": ONE_THREAD,
    "signal-two-workers": ONE_THREAD,
    "channel-two-workers": ONE_THREAD,
    "echo-two-workers": ONE_THREAD,
    "fork-join-two-workers": ONE_THREAD,
}


def contestants():
    """Returns how to run a coroutine, by name."""
    found = {"asyncio": asyncio.run}
    try:
        import uvloop

        found["uvloop"] = uvloop.run
    except ImportError:
        pass
    return found


def listing(names):
    rows = [
        {"id": name, "size": size, "unit": unit, "better": "lower", "contestants": names, "missing": []}
        for name, (_work, size, unit) in ROWS.items()
    ]
    rows += [
        {"id": name, "contestants": [], "missing": [{"name": who, "why": why} for who in names]}
        for name, why in MISSING.items()
    ]
    return {"python": sys.version.split()[0], "rows": rows}


def main():
    parser = argparse.ArgumentParser(description="Takes one sample of one contestant on one row.")
    parser.add_argument("--list", action="store_true", help="prints rows and contestants as JSON")
    parser.add_argument("row", nargs="?", help="what to measure")
    parser.add_argument("contestant", nargs="?", help="whom to measure")
    parser.add_argument("--size", type=int, help="how big; the row's own size if not given")
    parser.add_argument("--seconds", type=float, default=0.2, help="how long to repeat rounds")
    arguments = parser.parse_args()
    runners = contestants()
    if arguments.list:
        print(json.dumps(listing(sorted(runners))))
        return
    if arguments.row not in ROWS:
        parser.error(f"no row {arguments.row}: {MISSING.get(arguments.row, 'see --list')}")
    if arguments.contestant not in runners:
        parser.error(f"no contestant {arguments.contestant} here: there are {', '.join(sorted(runners))}")
    work, size, unit = ROWS[arguments.row]
    size = arguments.size or size
    run = runners[arguments.contestant]
    if work is echo:
        sample = echo(size, arguments.seconds, run)
    else:
        sample = run(work(size, arguments.seconds))
    line = {"row": arguments.row, "contestant": arguments.contestant, "size": size, "unit": unit, **sample}
    print(json.dumps(line))


if __name__ == "__main__":
    main()

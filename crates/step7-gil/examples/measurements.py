"""What CPython measures: the rows of the example `measurements` that it has, a tab between what and how much.

    python3 measurements.py M1

`measurements` runs this itself, if there is a python3.
"""

import asyncio
import hashlib
import socket
import subprocess
import sys
import threading
import time

INTERVALS = (5.0, 0.5, 0.05)
ROUNDS = 5_000_000


def row(claim, value):
    print(f"{claim}\t{value}", flush=True)


def seconds(work):
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def together(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def best(works):
    """Runs all of them three times, taking turns; returns the best time of each."""
    times = [[seconds(work) for work in works] for _ in range(3)]
    return [min(column) for column in zip(*times)]


def count():
    i = 0
    while i < ROUNDS:
        i = i + 1
    return i


def at(interval, work):
    def run():
        sys.setswitchinterval(interval / 1e3)
        work()

    return run


def processes():
    """Two that count; how long it takes them to start does not count."""
    started = [
        subprocess.Popen([sys.executable, __file__, "count"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in started:
        process.stdout.readline()

    def run():
        for process in started:
            process.stdin.write(b"go\n")
            process.stdin.flush()
        for process in started:
            process.stdout.readline()

    time_taken = seconds(run)
    for process in started:
        process.communicate()
    return time_taken


def m1():
    works = [lambda: (count(), count())]
    works += [at(interval, lambda: together(count, count)) for interval in INTERVALS]
    in_a_row, *times = best(works)
    for interval, time_taken in zip(INTERVALS, times):
        row(f"two threads, every {interval:g} ms", time_taken / in_a_row)
    row("two interpreters", min(processes() for _ in range(3)) / in_a_row)


def m2():
    for interval in (5.0, 0.5):
        sys.setswitchinterval(interval / 1e3)
        rounds, last, switches, running = [0, 0], 0, 0, True

        def hog(me):
            nonlocal last, switches
            while running:
                rounds[me] += 1
                if last != me:
                    last = me
                    switches += 1

        def stop():
            nonlocal running
            time.sleep(1)
            running = False

        together(lambda: hog(0), lambda: hog(1), stop)
        row(f"switches a second, every {interval:g} ms", switches)
        row(f"share of the first, every {interval:g} ms", rounds[0] / sum(rounds) * 100)


def lateness(interval, hogs, during=None):
    """Returns how late a thread wakes that sleeps for 1 ms again and again, in ms, sorted."""
    sys.setswitchinterval(interval / 1e3)
    late, running = [], True

    def sleeper():
        while running:
            due = time.perf_counter() + 0.001
            time.sleep(0.001)
            late.append((time.perf_counter() - due) * 1e3)

    def hog():
        n = 0
        while running:
            n += 1

    def stop():
        nonlocal running
        if during:
            time.sleep(0.05)
            during()
        else:
            time.sleep(1)
        running = False

    together(sleeper, stop, *[hog] * hogs)
    return sorted(late)


def echoes(hogs):
    """Returns how often a second a client is answered by a thread beside so many that compute."""
    sys.setswitchinterval(0.005)
    running = True
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", 0))
    server.settimeout(1)

    def echo():
        nonlocal running
        try:
            while True:
                data, client = server.recvfrom(64)
                server.sendto(data, client)
        except TimeoutError:
            running = False

    def hog():
        n = 0
        while running:
            n += 1

    client = subprocess.Popen(
        [sys.executable, __file__, "client", str(server.getsockname()[1])], stdout=subprocess.PIPE
    )
    together(echo, *[hog] * hogs)
    return float(client.communicate()[0])


def ask(port):
    """The client of `echoes`: prints how many answers it has had in a second."""
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect(("127.0.0.1", port))
    client.settimeout(0.5)
    answers, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < 1:
        client.send(b"hello")
        client.recv(64)
        answers += 1
    print(answers)


def m3():
    for claim, interval, hogs in (
        ("late by, alone", 5.0, 0),
        ("late by, beside one that computes, 5 ms", 5.0, 1),
        ("late by, beside one that computes, 0.5 ms", 0.5, 1),
    ):
        late = lateness(interval, hogs)
        row(claim, late[len(late) // 2])
    row("echoes a second, alone", echoes(0))
    row("echoes a second, beside one that computes", echoes(1))


def repeats_for(unit, wanted):
    """Returns how many times as long an input has to be for `unit(1)` to take `wanted` seconds."""
    return max(1, round(wanted / min(seconds(lambda: unit(1)) for _ in range(5))))


def m6():
    # `sum` over a range keeps the lock to its end: it runs no bytecode. `sha256` lets go of it.
    numbers = lambda times: sum(range(100_000 * times))
    many = repeats_for(numbers, 0.15)
    row("worst wake beside what keeps it for 150 ms", lateness(5.0, 0, lambda: numbers(many))[-1])
    block = bytes(1_000_000)
    size = repeats_for(lambda times: hashlib.sha256(block * times), 0.15)
    buffer = block * size
    digest = lambda: hashlib.sha256(buffer).digest()
    row("worst wake beside what lets go for 150 ms", lateness(5.0, 0, digest)[-1])
    in_a_row, at_once = best([lambda: (digest(), digest()), lambda: together(digest, digest)])
    row("speed-up of two that let go", in_a_row / at_once)


def m9():
    async def tasks():
        await asyncio.gather(*[asyncio.sleep(0.25) for _ in range(8)])

    row("in a row", seconds(lambda: [time.sleep(0.25) for _ in range(8)]))
    row("on 8 threads", seconds(lambda: together(*[lambda: time.sleep(0.25)] * 8)))
    row("as 8 tasks", seconds(lambda: asyncio.run(tasks())))


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "count":
        print("ready", flush=True)
        sys.stdin.readline()
        count()
        print("done", flush=True)
    elif what == "client":
        ask(int(rest[0]))
    else:
        {"M1": m1, "M2": m2, "M3": m3, "M6": m6, "M9": m9}[what]()

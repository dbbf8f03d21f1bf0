"""Runs the programs of files in programs/, and prints what each has printed below its name and its clause.

python3 crates/compared/run.py                  all
python3 crates/compared/run.py gathering        those of one file
python3 crates/compared/run.py --real-time      without the manual clock

A function with a docstring is a program, and its docstring is the clause that it shows. The event loop is CPython's own, but
for its clock: where the loop would sleep until its next timer, the clock moves there, so that the output is the same on any
machine, however busy it is. `time.sleep` moves the clock as well.
"""

import asyncio
import contextlib
import faulthandler
import importlib
import inspect
import io
import pathlib
import selectors
import sys
import threading
import time

PROGRAMS = pathlib.Path(__file__).resolve().parent / "programs"


class ManualClock:
    now = 0.0

    def advance(self, seconds):
        self.now += seconds


clock = ManualClock()


class Selector(selectors.DefaultSelector):
    def select(self, timeout=None):
        # Another thread takes real time, and so does a socket, which may be all that is waited for.
        is_real = timeout is None or threading.active_count() > 1
        events = super().select(timeout if is_real else 0)
        if not events and timeout:
            clock.advance(timeout)
        return events


class Loop(asyncio.SelectorEventLoop):
    def __init__(self):
        super().__init__(Selector())

    def time(self):
        return clock.now


def programs(name):
    module = importlib.import_module(name)
    for value in list(vars(module).values()):
        if inspect.isfunction(value) and value.__module__ == name and value.__doc__:
            yield value


def output(program):
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        if inspect.iscoroutinefunction(program):
            asyncio.run(program())
        else:
            program()
    return stdout.getvalue()


def main(arguments):
    if sys.version_info < (3, 11):
        sys.exit("asyncio.timeout and TaskGroup are there since Python 3.11")
    if "--real-time" in arguments:
        arguments.remove("--real-time")
    else:
        asyncio.events.new_event_loop = Loop  # What `asyncio.run` calls.
        time.sleep = clock.advance
    faulthandler.dump_traceback_later(60, exit=True)  # A program that hangs says where.
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(PROGRAMS))
    for name in arguments or sorted(file.stem for file in PROGRAMS.glob("*.py")):
        for program in programs(name):
            print(f"## {name}::{program.__name__}: {' '.join(program.__doc__.split())}")
            print(output(program), end="")


main(sys.argv[1:])

import time


def io_operation():
    print("Some time-consuming IO operations...")
    time.sleep(2)


def main():
    print("Begin operation")
    io_operation()
    print("End operation")


main()

"""A mended moto server on a free port of loopback: says where, and ends when its input does.

A process of its own, because mends reach into moto for good.
"""

from __future__ import annotations

import sys

from moto.server import ThreadedMotoServer

from tests.conformance import moto_truth


def main() -> None:
    """Serve until nobody holds the other end of standard input."""
    moto_truth.mend()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    sys.stdout.write("http://{}:{}\n".format(*server.get_host_and_port()))
    sys.stdout.flush()
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    main()

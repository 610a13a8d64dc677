"""The sandbox's AWS on a free port of loopback: says where, and ends when its input does.

A process of its own, so that its work is not on this process's clock.
"""

from __future__ import annotations

import sys

from alb_controller.sandbox.aws import AwsServer


def main() -> None:
    """Serve until nobody holds the other end of standard input."""
    with AwsServer() as server:
        sys.stdout.write(server.url + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main()

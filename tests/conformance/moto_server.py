"""The sandbox's AWS in a process of its own: every call it receives is a JSON line of a log.

    python -m tests.conformance.moto_server LOGFILE        prints its URL and serves

A line: {"t": seconds, "svc": service, "op": operation, "status": HTTP status}. It listens on a free
port of loopback and ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from alb_controller.sandbox.aws import AwsServer, Call
from alb_controller.sandbox.aws.truth import rules

RECORDED_VALUES = 8
"""The corpus was recorded without AWS's quota of 5 condition values; case `conditions` has 8."""


def main() -> None:
    """Serve until nobody holds the other end of standard input."""
    rules.MOST_VALUES = RECORDED_VALUES
    lock, started = threading.Lock(), time.monotonic()
    with Path(sys.argv[1]).open("a", buffering=1) as log:

        def write(call: Call) -> None:
            line = {
                "t": round(time.monotonic() - started, 3),
                "svc": call.service,
                "op": call.operation,
                "status": str(call.status),
            }
            with lock:
                log.write(json.dumps(line) + "\n")

        with AwsServer(observe=write) as server:
            print(server.url, flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()

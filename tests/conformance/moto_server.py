"""The sandbox's AWS in a process of its own: every call it receives is a JSON line of a log.

    python -m tests.conformance.moto_server LOGFILE        prints its URL and serves

A line: {"t": seconds, "svc": service, "op": operation, "status": HTTP status, "asked": what a
policy must allow for it}. It listens on a free port of loopback and ends when its standard input
does.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from alb_controller.sandbox.aws import AwsServer, Call
from alb_controller.sandbox.aws.moto_patches import ACCOUNT
from tests.conformance import ledger
from tests.conformance.ledger import Ledger
from tests.iam.recorder import Recorder

RECORDED_VALUES = 8
"""The corpus was recorded without AWS's quota of 5 condition values; case `conditions` has 8."""


def main() -> None:
    """Serve until nobody holds the other end of standard input."""
    ACCOUNT["condition-values-per-alb-rule"] = RECORDED_VALUES
    lock, started, recorder = threading.Lock(), time.monotonic(), Recorder()
    with Path(sys.argv[1]).open("a", buffering=1) as log:

        def write(call: Call) -> None:
            with lock:
                line = {
                    "t": round(time.monotonic() - started, 3),
                    "svc": call.service,
                    "op": call.operation,
                    "status": str(call.status),
                    "asked": recorder.asked(call),
                }
                log.write(json.dumps(line) + "\n")

        with AwsServer(observe=write) as server:
            print(server.url, flush=True)
            sys.stdin.read()
    ledger.keep(Ledger(actions=frozenset(recorder.actions)))


if __name__ == "__main__":
    main()

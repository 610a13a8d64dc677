"""Write `real-apiserver.json`: what a real kube-apiserver answers to every conversation.

    python -m tests.sandbox.kubeapi.record_answers KUBECONFIG [CONVERSATION...]

The server must be empty but for our CRDs, and no controller may run on it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.sandbox.kubeapi.conversations import RECORDED, Client, hold, read_conversations


def connect(kubeconfig: Path) -> Client:
    """A client of the cluster that the kubeconfig names, as its user."""
    config = yaml.safe_load(kubeconfig.read_text())
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    named = cluster.get("certificate-authority")
    authority = (
        str(kubeconfig.parent / named) if named else not cluster.get("insecure-skip-tls-verify")
    )
    return Client(cluster["server"], user["token"], authority)


def one_line_each(recorded: dict[str, dict[str, Any]]) -> str:
    """The answers as JSON, each on a line of its own, so that a change reads well."""
    parts = []
    for name, answers in recorded.items():
        lines = (
            f" {json.dumps(step)}: {json.dumps(answer, sort_keys=True, separators=(',', ':'))}"
            for step, answer in answers.items()
        )
        parts.append(f"{json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    """Hold all conversations, or those that are named, and keep the answers."""
    client, chosen = connect(Path(sys.argv[1])), sys.argv[2:]
    recorded = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    for conversation in read_conversations():
        if not chosen or conversation.name in chosen:
            recorded[conversation.name] = hold(client, conversation)
    known = {conversation.name for conversation in read_conversations()}
    kept = {name: answers for name, answers in sorted(recorded.items()) if name in known}
    RECORDED.write_text(one_line_each(kept))


if __name__ == "__main__":
    main()

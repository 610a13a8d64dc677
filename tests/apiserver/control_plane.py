"""A real Kubernetes control plane on loopback: etcd and kube-apiserver, and nothing else.

There are no controllers and no kubelet: a test writes Pods, their status and EndpointSlices itself.

    python -m tests.apiserver.control_plane          start one, print its kubeconfig, stop at Ctrl-C

Binaries come from the folder in KUBEBUILDER_ASSETS, else from the cache in the home folder; what is
missing there is built once: etcd from PATH or Debian's package, kube-apiserver by `go build` from
the Go module proxy (some minutes).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from alb_controller.sandbox.controller import hold_port

VERSION = "1.35.4"
CACHE = Path("~/.cache/alb-controller/kube").expanduser()
START_SECONDS = 120
BUILD_SECONDS = 20 * 60
TOKEN = "admin"
CERTIFICATE = "certs/apiserver.crt"  # self-signed by kube-apiserver at its first start
AUDIT_LOG = "audit.log"
AUDIT_POLICY = """\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules: [{level: Metadata, userGroups: ["system:serviceaccounts"]}]
"""
"""What service accounts ask for, and whether they may."""
# The modules that k8s.io/kubernetes takes from its own tree; outside it they need the same version.
STAGED = """
api apiextensions-apiserver apimachinery apiserver cli-runtime client-go cloud-provider
cluster-bootstrap code-generator component-base component-helpers controller-manager cri-api
cri-client csi-translation-lib dynamic-resource-allocation endpointslice externaljwt kms
kube-aggregator kube-controller-manager kube-proxy kube-scheduler kubectl kubelet metrics
mount-utils pod-security-admission sample-apiserver sample-cli-plugin sample-controller
"""

_HELD: deque[int] = deque()
_MOST_HELD = 64
"""Sockets that hold ports, by number: open until their servers listen, and long after."""


class Unavailable(Exception):
    """No control plane can be had here; the text says what is missing."""


def assets() -> Path:
    """The folder with both binaries, built first where they are missing.

    Raises Unavailable when a binary is missing and cannot be made here.
    """
    given = os.environ.get("KUBEBUILDER_ASSETS")
    folder = Path(given) if given else CACHE
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "etcd").exists():
        (folder / "etcd").symlink_to(find_program("etcd", "etcd-server"))
    if not (folder / "kube-apiserver").exists():
        _build_apiserver(folder / "kube-apiserver")
    return folder


def find_program(program: str, package: str, path: str | None = None) -> str:
    """A program on PATH (or `path`), installed from Debian's package where we may.

    Raises Unavailable where it is missing and cannot be installed.
    """
    found = shutil.which(program) or shutil.which(program, path=path)
    if not found and os.geteuid() == 0 and shutil.which("apt-get"):
        take_step(["apt-get", "update", "-qq"])
        take_step(["apt-get", "install", "-y", "-qq", package])
        found = shutil.which(program)
    if not found:
        raise Unavailable(f"{program} is not on PATH (Debian: apt install {package})")
    return found


def _build_apiserver(binary: Path) -> None:
    go = find_program("go", "golang-go", "/usr/local/go/bin")
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder)
        (source / "go.mod").write_text(_go_module())
        (source / "tools.go").write_text(
            '//go:build tools\n\npackage tools\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver"\n'
        )
        major, minor, _ = VERSION.split(".")
        base = "k8s.io/component-base/version.git"
        stamp = f"-X {base}Version=v{VERSION} -X {base}Major={major} -X {base}Minor={minor}"
        made = binary.with_name(f".kube-apiserver-{os.getpid()}")
        command = [go, "build", "-ldflags", stamp, "-o", str(made)]
        take_step(
            [*command, "k8s.io/kubernetes/cmd/kube-apiserver"], source, {"GOFLAGS": "-mod=mod"}
        )
        made.rename(binary)


def _go_module() -> str:
    staged = VERSION.replace("1.", "0.", 1)
    replaced = "\n".join(f"\tk8s.io/{name} => k8s.io/{name} v{staged}" for name in STAGED.split())
    required = f"require k8s.io/kubernetes v{VERSION}"
    return f"module controlplane\n\ngo 1.26.0\n\n{required}\n\nreplace (\n{replaced}\n)\n"


def take_step(
    command: list[str], folder: Path | None = None, env: dict[str, str] | None = None
) -> None:
    """Run a step of a build. Raises Unavailable with the end of what it said."""
    try:
        subprocess.run(
            command,
            cwd=folder,
            env=os.environ | (env or {}),
            check=True,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"{' '.join(command[:3])} failed: {error.stderr[-800:]}") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"{' '.join(command[:3])} took over {BUILD_SECONDS} s") from error


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Path]:
    """A control plane with its state under `folder`, for as long as the block; its kubeconfig.

    The user is an admin. Raises Unavailable when it cannot be had or does not start.
    """
    binaries = assets()
    client_port, peer_port, api_port = free_ports(3)
    server = apiserver_command(binaries, folder, client_port, api_port)
    with (
        process(etcd_command(binaries, folder, client_port, peer_port), folder),
        serving_api(server, folder, api_port) as kubeconfig,
    ):
        yield kubeconfig


@contextlib.contextmanager
def serving_api(command: list[str], folder: Path, port: int) -> Iterator[Path]:
    """A kube-apiserver over an etcd that runs, for as long as the block; its kubeconfig."""
    with process(command, folder) as server:
        url = f"https://127.0.0.1:{port}"
        _await_ready(url, server, folder)
        yield _write_kubeconfig(folder / "kubeconfig", url)


def etcd_command(binaries: Path, folder: Path, client_port: int, peer_port: int) -> list[str]:
    """How etcd is started."""
    client, peer = f"http://127.0.0.1:{client_port}", f"http://127.0.0.1:{peer_port}"
    return [
        str(binaries / "etcd"),
        f"--data-dir={folder / 'etcd'}",
        "--unsafe-no-fsync",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
    ]


def apiserver_command(binaries: Path, folder: Path, etcd_port: int, port: int) -> list[str]:
    """How kube-apiserver is started; writes the keys, the token and the policy that it reads."""
    _write_account_keys(folder)
    (folder / "audit.yaml").write_text(AUDIT_POLICY)
    (folder / "tokens.csv").write_text(f"{TOKEN},admin,admin,system:masters\n")
    return [
        str(binaries / "kube-apiserver"),
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certs'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'sa.pub'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/12",
        "--disable-admission-plugins=ServiceAccount",
        f"--audit-policy-file={folder / 'audit.yaml'}",
        f"--audit-log-path={folder / AUDIT_LOG}",
    ]


def _write_account_keys(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "sa.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    (folder / "sa.pub").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


@contextlib.contextmanager
def process(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process for as long as the block; it writes into a log beside its state."""
    log = folder / f"{Path(command[0]).name}.log"
    with log.open("ab") as output:
        started = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield started
    finally:
        started.terminate()
        try:
            started.wait(10)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def _await_ready(url: str, server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        if _answers(f"{url}/readyz", folder / CERTIFICATE):
            return
        time.sleep(0.1)
    log = (folder / "kube-apiserver.log").read_text()[-2000:]
    raise Unavailable(f"kube-apiserver was not ready within {START_SECONDS} s:\n{log}")


def _answers(url: str, certificate: Path) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # or REQUESTS_CA_BUNDLE wins over verify
        session.headers["Authorization"] = f"Bearer {TOKEN}"
        try:
            return session.get(url, verify=str(certificate), timeout=20).status_code == 200
        except (requests.RequestException, OSError):
            return False  # OSError: the certificate is not written yet


def _write_kubeconfig(path: Path, url: str) -> Path:
    path.write_text(
        f"""apiVersion: v1
kind: Config
current-context: test
clusters: [{{name: test, cluster: {{server: "{url}", certificate-authority: {CERTIFICATE}}}}}]
users: [{{name: admin, user: {{token: {TOKEN}}}}}]
contexts: [{{name: test, context: {{cluster: test, user: admin}}}}]
"""
    )
    return path


def free_ports(count: int) -> list[int]:
    """Ports of loopback for servers that are started next: the kernel gives them to nobody else."""
    held = [hold_port() for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    _HELD.extend(one.detach() for one in held)
    while len(_HELD) > _MOST_HELD:
        socket.close(_HELD.popleft())
    return ports


def main() -> int:
    """Run one until the user has had enough."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            with running(Path(folder)) as kubeconfig:
                print(kubeconfig, flush=True)
                with contextlib.suppress(KeyboardInterrupt):
                    while True:
                        time.sleep(3600)
        except Unavailable as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Where the API is and who we are: every source, and one sentence for each way to be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from alb_controller.errors import ControllerError, Unreachable
from alb_controller.kube import connection
from alb_controller.kube.connection import load
from alb_controller.kube.official import import_parts

SECRET = "s3cr3t-token"
KUBECONFIG = """apiVersion: v1
kind: Config
current-context: test
clusters: [{name: test, cluster: {server: "SERVER"}}]
users: [{name: me, user: {token: s3cr3t-token}}]
contexts: [{name: test, context: {cluster: test, user: me}}]
"""


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No kubeconfig and no pod, whatever this machine has."""
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(connection, "HOME_KUBECONFIG", str(tmp_path / "home"))


def write(path: Path, server: str = "http://127.0.0.1:1") -> str:
    """A kubeconfig for that server."""
    path.write_text(KUBECONFIG.replace("SERVER", server))
    return str(path)


def test_the_flag_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--kubeconfig wins over the environment; host and token are the file's."""
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "other", "http://127.0.0.1:2"))
    made = load(write(tmp_path / "flag"))
    assert (made.base_url, made.authorization()) == ("http://127.0.0.1:1", f"Bearer {SECRET}")


def test_then_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """$KUBECONFIG may list several files, of which some may be missing."""
    paths = f"{tmp_path / 'missing'}:{write(tmp_path / 'there')}"
    monkeypatch.setenv("KUBECONFIG", paths)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    assert load(None).base_url == "http://127.0.0.1:1"


def test_then_the_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pod the service account's token is used, and read again when it was rotated."""
    token = in_a_pod(tmp_path, monkeypatch)
    made = load("")
    assert made.base_url == "https://10.0.0.1:443"
    assert made.authorization() == "bearer first"
    token.write_text("second\n")
    expire_token(made)
    assert made.authorization() == "bearer second"


def test_a_token_that_cannot_be_read_any_more_is_a_passing_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a rotation is half done requests fail as if the API did not answer."""
    token = in_a_pod(tmp_path, monkeypatch)
    made = load(None)
    token.write_text("")
    expire_token(made)
    with pytest.raises(Unreachable, match="no credentials"):
        made.authorization()


def in_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make this look like a pod; the file with the token."""
    token, ca = tmp_path / "token", tmp_path / "ca.crt"
    token.write_text("first\n")
    ca.write_text("not read before the first connection")
    (loader,) = import_parts("kubernetes.config.incluster_config")
    # undone afterwards: where the whole client was imported before, the module is shared
    monkeypatch.setattr(loader, "SERVICE_TOKEN_FILENAME", str(token))
    monkeypatch.setattr(loader, "SERVICE_CERT_FILENAME", str(ca))
    kept = {loader.__name__: loader}
    monkeypatch.setattr(
        connection,
        "import_parts",
        lambda *names: [kept.get(name) or import_parts(name)[0] for name in names],
    )
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    return token


def expire_token(made: connection.Connection) -> None:
    """Let the minute pass after which the token file is read again."""
    hook = made._configuration.refresh_api_key_hook
    loader = hook.__closure__[0].cell_contents
    loader.token_expires_at = loader.token_expires_at.min


def test_then_the_home_folder(tmp_path: Path) -> None:
    """kubectl's own configuration is the last resort."""
    write(tmp_path / "home")
    assert load(None).base_url == "http://127.0.0.1:1"


def test_nothing_at_all_names_every_way() -> None:
    """Without any configuration the error says what can be given."""
    with pytest.raises(ControllerError, match=r"give --kubeconfig or \$KUBECONFIG, run in a pod"):
        load(None)


@pytest.mark.parametrize(
    "content, problem",
    [
        ("", "is empty"),
        ("a: [", "not YAML: .* in line"),
        ("just text", "not a valid configuration"),
        ("[1, 2]", "not a valid configuration"),
        ("clusters: []\n", "Expected key current-context"),
        (KUBECONFIG.replace("current-context: test", "current-context: other"), "name other"),
        (KUBECONFIG.replace("clusters: [{name: test,", "clusters: [{name: x,"), "name test"),
        (
            KUBECONFIG.replace(
                'server: "SERVER"', 'server: "https://x", certificate-authority: /none.crt'
            ),
            "/none.crt",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_one_sentence(
    tmp_path: Path, content: str, problem: str
) -> None:
    """The file and what is wrong are named; its credentials are not."""
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    with pytest.raises(ControllerError, match=problem) as raised:
        load(str(path))
    assert str(raised.value).startswith(f"kubeconfig {path}: ")
    assert SECRET not in str(raised.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    """A path that does not exist is said to be so."""
    with pytest.raises(ControllerError, match=r"kubeconfig .*nowhere: no such file"):
        load(str(tmp_path / "nowhere"))


def test_a_home_that_nobody_has_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image's user has none; a path below it is a file that does not exist."""
    with pytest.raises(ControllerError, match="kubeconfig ~nobody-here/config: no such file"):
        load("~nobody-here/config")
    monkeypatch.setattr(connection, "HOME_KUBECONFIG", "~nobody-here/config")
    with pytest.raises(ControllerError, match="no Kubernetes API to connect to"):
        load(None)


def test_a_pod_without_an_account_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """automountServiceAccountToken: false shows as what it is."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    with pytest.raises(ControllerError, match=r"the pod's service account: .*token file"):
        load(None)


def test_tls_that_is_not_verified_is_reported_once(tmp_path: Path) -> None:
    """insecure-skip-tls-verify works, with one warning at the start."""
    path = write(tmp_path / "k", 'https://127.0.0.1:1", "insecure-skip-tls-verify": true, "x": "')
    with capture_logs() as logs:
        load(path)
    assert [log["event"] for log in logs] == ["tls_not_verified"]


def test_a_kubeconfig_without_a_user_sends_no_credentials(tmp_path: Path) -> None:
    """A local server without authentication needs none."""
    path = tmp_path / "kubeconfig"
    path.write_text(
        'clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]\n'
        "contexts: [{name: c, context: {cluster: c}}]\ncurrent-context: c\n"
    )
    assert load(str(path)).authorization() == ""


def test_a_failing_exec_plugin_is_noticed_at_the_start(tmp_path: Path) -> None:
    """Without credentials for an https server there is a warning, not just 401s later."""
    path = tmp_path / "kubeconfig"
    plugin = (
        "{exec: {apiVersion: client.authentication.k8s.io/v1, command: /nonexistent, "
        "interactiveMode: Never}}"
    )
    content = KUBECONFIG.replace("{token: s3cr3t-token}", plugin)
    path.write_text(content.replace("SERVER", "https://127.0.0.1:1"))
    with capture_logs() as logs:
        assert load(str(path)).authorization() == ""
    assert [log["event"] for log in logs] == ["no_credentials"]

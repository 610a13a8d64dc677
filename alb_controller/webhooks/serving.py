"""The webhooks as a part of the process: where their certificate comes from, and their server."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import msgspec

from alb_controller.aws.client import Sender
from alb_controller.aws.elbv2_reads import Elbv2Reads
from alb_controller.aws.roles import AssumedRoles
from alb_controller.clock import Clock
from alb_controller.errors import ControllerError
from alb_controller.frontends.review import Reviews
from alb_controller.kube.client import KubeClient
from alb_controller.kube.lease import own_namespace
from alb_controller.kube.live import LiveReads
from alb_controller.kube.serving import ServingObjects, own_account
from alb_controller.kube.store import Stores
from alb_controller.settings import BindAddress, Settings
from alb_controller.webhooks.bindings import BindingReviews, BoundGroups
from alb_controller.webhooks.certificates.keeper import CertificateKeeper
from alb_controller.webhooks.certificates.sources import CertificateFiles, CertificateSource
from alb_controller.webhooks.choice import files_of
from alb_controller.webhooks.fresh import FreshCluster
from alb_controller.webhooks.passes import Passes
from alb_controller.webhooks.server import WebhookServer
from alb_controller.webhooks.table import front_end_webhooks, hooks_of, own_webhooks

_FLAG = "--webhook-bind-port"


class WebhookEdges(msgspec.Struct, frozen=True, kw_only=True):
    """What the webhooks touch."""

    client: KubeClient
    stores: Stores
    sender: Sender
    roles: AssumedRoles
    clock: Clock
    vpc_id: str
    may_write: Callable[[], None]
    """Raises NotLeading."""
    reviews: Reviews
    """Of the front ends."""


class Webhooks:
    """The server and its certificate; listens from now on."""

    def __init__(self, source: CertificateSource, edges: WebhookEdges, settings: Settings) -> None:
        self._source, self._stores = source, edges.stores
        cluster = FreshCluster(edges.stores, LiveReads(edges.client))
        groups = BoundGroups(_elbv2_of(edges), edges.clock)
        bindings = BindingReviews(cluster, groups, edges.vpc_id)
        passes = Passes(lambda: own_account(edges.client), settings.watch_namespace)
        self._server = WebhookServer(
            _FLAG,
            BindAddress("", settings.webhook_bind_port),
            hooks_of(
                (
                    *own_webhooks(bindings, cluster, settings),
                    *front_end_webhooks(edges.reviews, cluster, settings),
                ),
                passes,
                passes.knows_own,
            ),
            context=source.context,
            not_ready=edges.stores.not_ready,
        )

    def not_ready(self) -> str:
        """Why no review can be answered yet; nothing when it can."""
        if self._source.context() is None:
            return "no webhook certificate"
        return self._stores.not_ready()

    def stop(self) -> None:
        """Answer no more; the certificate stays as it is."""
        self._source.stop()
        self._server.stop()


def serve(settings: Settings, edges: WebhookEdges) -> Webhooks:
    """Serve from now on.

    Raises ControllerError for a port in use, a client CA that cannot be read, and a Secret whose
    namespace is unknown.
    """
    authorities = settings.kube_ca_pem_filepath
    _check_authorities(authorities)
    if settings.webhook_cert_secret is None:
        return Webhooks(CertificateFiles(files_of(settings), authorities), edges, settings)
    keeper = CertificateKeeper(
        ServingObjects(
            edges.client,
            edges.may_write,
            secret=_secret_key(settings.webhook_cert_secret, own_namespace),
            configuration=settings.webhook_configuration,
        ),
        edges.clock,
        lifetime=settings.webhook_cert_lifetime,
        authorities=authorities,
    )
    webhooks = Webhooks(keeper, edges, settings)
    keeper.start()
    return webhooks


def _elbv2_of(edges: WebhookEdges) -> Callable[[str, str], Elbv2Reads]:
    """Who is to be asked of a target group: our own account, or a role's."""
    own = Elbv2Reads(edges.sender, edges.vpc_id)

    def find(role_arn: str, external_id: str) -> Elbv2Reads:
        return edges.roles.elbv2(role_arn, external_id) if role_arn else own

    return find


def _secret_key(text: str, find_namespace: Callable[[], str]) -> tuple[str, str]:
    """Namespace and name; without a namespace it is the pod's own."""
    namespace, slash, name = text.rpartition("/")
    if slash:
        return namespace, name
    try:
        return find_namespace(), name
    except ControllerError:
        raise ControllerError(
            f"--webhook-cert-secret: give NAMESPACE/{name}: the namespace is unknown outside a pod"
        ) from None


def _check_authorities(path: str | None) -> None:
    if path is None:
        return
    try:
        ssl.create_default_context(cafile=path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ControllerError(f"--kube-ca-pem-filepath {path}: {reason}") from error

"""What must exist before a stack can be built for good: certificates, the shared security group.

Both have lives of their own in AWS: a certificate has to be validated, the group is the cluster's.
"""

from __future__ import annotations

from alb_controller.build.context import needs_backend_group
from alb_controller.intent import StackIntent
from alb_controller.reconcile.stack.compile import Ready
from alb_controller.reconcile.stack.edges import RequestedCertificates, SharedGroup
from alb_controller.settings import Settings
from alb_controller.values import StackKey


class Prerequisites:
    """Makes them for the stacks of all front ends, and lets them go."""

    def __init__(
        self, certificates: RequestedCertificates, group: SharedGroup, settings: Settings
    ) -> None:
        self._certificates, self._group, self._settings = certificates, group, settings

    def known(self, intent: StackIntent) -> Ready:
        """What this process knows to exist; asks nobody."""
        return Ready(
            backend_security_group=self._group.known_id(),
            certificates=self._certificates.known(intent),
        )

    def make(self, intent: StackIntent) -> Ready:
        """All that the stack needs, made where it is missing.

        Raises NotReady until it is there, Missing where a certificate cannot be validated, and
        what AWS answers.
        """
        certificates = self._certificates.arns(intent)
        if needs_backend_group(intent, self._settings):
            group: str | None = self._group.id_for(intent.key)
        else:
            group = None
        return Ready(backend_security_group=group, certificates=certificates)

    def deployed(self, intent: StackIntent) -> None:
        """AWS has the stack: what it asks for no more goes. Raises NotReady."""
        if not (intent.is_empty or needs_backend_group(intent, self._settings)):
            self._group.release(intent.key)
        self._certificates.release(intent)

    def end(self, key: StackKey, *, is_last: bool) -> None:
        """AWS has nothing of the stack; the last member has left it where `is_last`.

        Raises NotReady until one attempt to delete a group that nobody needs has ended.
        """
        self._group.release(key)
        if is_last:
            self._group.await_end(key)

    def forget(self, key: StackKey) -> None:
        """The stack is gone, finalizers and all."""
        self._group.forget(key)

"""The life of the embedded cluster: what kube-controller-manager, a scheduler and kubelets do."""

from alb_controller.sandbox.life.loop import Life, Pace

__all__ = ["Life", "Pace"]

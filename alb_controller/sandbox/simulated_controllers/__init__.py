"""The life of the embedded cluster: what kube-controller-manager, a scheduler and kubelets do."""

from alb_controller.sandbox.simulated_controllers.loop import Pace, SimulatedControllers

__all__ = ["Pace", "SimulatedControllers"]

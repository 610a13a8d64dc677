"""A local AWS: moto's server made truthful, with an EKS-like account, on loopback."""

from .account import Account, Ids
from .calls import Call
from .faults import Faults
from .server import AwsServer

__all__ = ["Account", "AwsServer", "Call", "Faults", "Ids"]

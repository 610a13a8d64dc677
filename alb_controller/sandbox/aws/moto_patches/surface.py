"""The classes of moto 5.2.5 that patches are put on.

`Any`, because replacing a method is what a type checker rightly forbids elsewhere.
"""

from __future__ import annotations

from typing import Any

from moto.acm import models as acm
from moto.ec2.models import EC2Backend
from moto.ec2.models.elastic_network_interfaces import NetworkInterface as _NetworkInterface
from moto.ec2.models.subnets import Subnet as _Subnet
from moto.ec2.responses.elastic_network_interfaces import ElasticNetworkInterfaces
from moto.ec2.responses.security_groups import SecurityGroups as _SecurityGroups
from moto.elbv2 import models as elbv2
from moto.elbv2 import responses as elbv2_responses
from moto.route53.models import Route53Backend
from moto.shield.responses import ShieldResponse
from moto.wafv2.models import WAFV2Backend

Backend: Any = elbv2.ELBv2Backend
Response: Any = elbv2_responses.ELBV2Response
Listener: Any = elbv2.FakeListener
LoadBalancer: Any = elbv2.FakeLoadBalancer
TargetGroup: Any = elbv2.FakeTargetGroup
Health: Any = elbv2.FakeHealthStatus
Ec2: Any = EC2Backend
Subnet: Any = _Subnet
NetworkInterface: Any = _NetworkInterface
Interfaces: Any = ElasticNetworkInterfaces
SecurityGroups: Any = _SecurityGroups
Acm: Any = acm.AWSCertificateManagerBackend
Certificate: Any = acm.CertBundle
Shield: Any = ShieldResponse
Wafv2: Any = WAFV2Backend
Route53: Any = Route53Backend

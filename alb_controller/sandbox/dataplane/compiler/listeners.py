"""Listeners of a load balancer as Envoy's: connection managers, filters, TLS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from alb_controller.model.elbv2 import Attributes, Listener
from alb_controller.sandbox.dataplane.compiler.actions import AFTER, REWRITES
from alb_controller.sandbox.dataplane.compiler.clusters import file_source
from alb_controller.sandbox.dataplane.compiler.lua import table
from alb_controller.sandbox.dataplane.compiler.replies import local_replies
from alb_controller.sandbox.dataplane.compiler.tls import Identities, server_chains

Json = dict[str, Any]
_TYPES = "type.googleapis.com/"
_HTTP = f"{_TYPES}envoy.extensions.filters.http."
_RESPONSE = "routing.http.response."
_SECONDS_IDLE = 60
_CERTIFICATE_HEADERS = {
    "serial": ("serial_number", "X-Amzn-Mtls-Clientcert-Serial-Number"),
    "issuer": ("issuer", "X-Amzn-Mtls-Clientcert-Issuer"),
    "subject": ("subject", "X-Amzn-Mtls-Clientcert-Subject"),
    "validity": ("validity", "X-Amzn-Mtls-Clientcert-Validity"),
    "leaf": ("leaf", "X-Amzn-Mtls-Clientcert-Leaf"),
    "whole": ("", "X-Amzn-Mtls-Clientcert"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What a listener of a load balancer is made of."""

    name: str
    listener: Listener
    balancer: Attributes
    dns_name: str
    headers: Sequence[str]
    """What rules ask about."""
    routes: str
    routes_file: str
    source_header: str | None = None

    @property
    def own(self) -> Attributes:
        """The listener's attributes."""
        return self.listener.attributes or {}

    def is_on(self, name: str) -> bool:
        """Whether an attribute of the load balancer is true."""
        return self.balancer.get(name) == "true"


def listener(setting: Setting, address: str, identities: Identities) -> Json:
    """A listener on a port of the system's choice."""
    made: Json = {
        "@type": f"{_TYPES}envoy.config.listener.v3.Listener",
        "name": setting.name,
        "address": {"socket_address": {"address": address, "port_value": 0}},
        "per_connection_buffer_limit_bytes": 1 << 20,
    }
    filters = [{"name": "http", "typed_config": _manager(setting)}]
    if setting.listener.protocol != "HTTPS":
        return made | {"filter_chains": [{"filters": filters}]}
    is_2 = setting.balancer.get("routing.http2.enabled") != "false"
    return made | server_chains(setting.listener, identities, filters, offers_2=is_2)


def _manager(setting: Setting) -> Json:
    idle = int(setting.balancer.get("idle_timeout.timeout_seconds", _SECONDS_IDLE))
    keep = int(setting.balancer.get("client_keep_alive.seconds", 3600))
    is_strictest = _is_strictest(setting)
    made: Json = {
        "@type": f"{_TYPES}envoy.extensions.filters.network.http_connection_manager.v3."
        "HttpConnectionManager",
        "stat_prefix": "http",
        "codec_type": "AUTO" if setting.listener.protocol == "HTTPS" else "HTTP1",
        "rds": {
            "route_config_name": setting.routes,
            "config_source": file_source(setting.routes_file),
        },
        "http_filters": _filters(setting),
        "http_protocol_options": {
            "accept_http_10": True,
            "default_host_for_http_10": setting.dns_name or "localhost",
            "allow_absolute_url": True,
            "allow_chunked_length": not is_strictest,
            "allow_custom_methods": True,
        },
        "common_http_protocol_options": {
            "headers_with_underscores_action": "ALLOW",
            "idle_timeout": f"{idle}s",
            "max_connection_duration": f"{keep}s",
            "max_headers_count": 1000,
        },
        "max_request_headers_kb": 96,
        "request_headers_timeout": f"{idle}s",
        "stream_idle_timeout": f"{idle}s",
        "local_reply_config": local_replies(),
        "server_header_transformation": "PASS_THROUGH",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "generate_request_id": False,
        "original_ip_detection_extensions": [_source(setting)],
        "normalize_path": False,
        "merge_slashes": False,
    }
    return made


def _source(setting: Setting) -> Json:
    """Where the client's address stands; never in X-Forwarded-For, which Envoy takes otherwise."""
    return {
        "name": "source",
        "typed_config": {
            "@type": f"{_TYPES}envoy.extensions.http.original_ip_detection.custom_header.v3."
            "CustomHeaderConfig",
            "header_name": setting.source_header or "x-dataplane-no-source",
        },
    }


def _is_strictest(setting: Setting) -> bool:
    return setting.balancer.get("routing.http.desync_mitigation_mode") == "strictest"


def _filters(setting: Setting) -> list[Json]:
    constants = f"local LISTENER = {table(_constants(setting))}\n"
    return [
        _lua("before", constants),
        {
            "name": REWRITES,
            "typed_config": {"@type": f"{_HTTP}header_to_metadata.v3.Config"},
        },
        _lua(AFTER, constants),
        {
            "name": "router",
            "typed_config": {"@type": f"{_HTTP}router.v3.Router", "suppress_envoy_headers": True},
        },
    ]


def _lua(name: str, constants: str) -> Json:
    code = {"inline_string": constants + _script(name)}
    # what the second script changes must not choose another route
    chooses = {} if name != AFTER else {"clear_route_cache": False}
    return {
        "name": name,
        "typed_config": {"@type": f"{_HTTP}lua.v3.Lua", "default_source_code": code} | chooses,
    }


@cache
def _script(name: str) -> str:
    return resources.files(__package__).joinpath(f"{name}.lua").read_text(encoding="utf-8")


def _constants(setting: Setting) -> Json:
    one, balancer = setting.listener, setting.balancer
    mutual = one.mutual_authentication
    source = setting.source_header
    return {
        "port": one.port,
        "protocol": one.protocol.lower(),
        "headers": list(setting.headers),
        "drop_invalid": setting.is_on("routing.http.drop_invalid_header_fields.enabled"),
        "strictest": _is_strictest(setting),
        "preserve_host": setting.is_on("routing.http.preserve_host_header.enabled"),
        "forwarded": balancer.get("routing.http.xff_header_processing.mode", "append"),
        "client_port": setting.is_on("routing.http.xff_client_port.enabled"),
        "tls_shown": setting.is_on("routing.http.x_amzn_tls_version_and_cipher_suite.enabled"),
        "tls_headers": {
            "version": _renamed(setting.own, "x_amzn_tls_version", "X-Amzn-Tls-Version"),
            "suite": _renamed(setting.own, "x_amzn_tls_cipher_suite", "X-Amzn-Tls-Cipher-Suite"),
        },
        "client_certificates": mutual.mode if mutual else "off",
        "certificate_headers": _certificate_headers(setting.own),
        "server": setting.own.get(f"{_RESPONSE}server.enabled") != "false",
        "response_headers": _response_headers(setting.own),
        "dropped": [source.lower()] if source else [],
    }


def _renamed(attributes: Attributes, middle: str, name: str) -> str:
    found = attributes.get(f"routing.http.request.{middle}.header_name")
    return (found or name).lower()


def _certificate_headers(attributes: Attributes) -> dict[str, str]:
    return {
        part: _renamed(attributes, f"x_amzn_mtls_clientcert{middle and '_' + middle}", name)
        for part, (middle, name) in _CERTIFICATE_HEADERS.items()
    }


def _response_headers(attributes: Mapping[str, str]) -> dict[str, str]:
    end = ".header_value"
    return {
        name.removeprefix(_RESPONSE).removesuffix(end).replace("_", "-"): value
        for name, value in attributes.items()
        if name.startswith(_RESPONSE) and name.endswith(end) and value
    }

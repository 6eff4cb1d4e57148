"""Kinds of provider. A provider is a row here until it needs behaviour."""

from quarterdeck.access.catalogue.cloud import AwsKeys, AwsRole, CloudSecret, EntraApp, ServiceAccount, cloud_secret
from quarterdeck.access.catalogue.rows import rows
from quarterdeck.access.catalogue.spec import Auth, ProviderSpec, Quirks

SPECS: dict[str, ProviderSpec] = {spec.kind: spec for spec in rows()}

PRICE_KINDS: dict[str, str | None] = {spec.kind: spec.price_kind for spec in SPECS.values()}
"""What the price table calls each kind; None where it does not know it."""

__all__ = [
    "PRICE_KINDS",
    "SPECS",
    "Auth",
    "AwsKeys",
    "AwsRole",
    "CloudSecret",
    "EntraApp",
    "ProviderSpec",
    "Quirks",
    "ServiceAccount",
    "cloud_secret",
]

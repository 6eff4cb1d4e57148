"""Every table, known to the one MetaData: importing a slice's tables is what declares them."""

import importlib
import pkgutil

import quarterdeck

_HOLD_TABLES = ("store", "tables", "derived_tables")


def import_all() -> None:
    """Import every module that declares tables: those that `_HOLD_TABLES` names."""
    for module in pkgutil.walk_packages(quarterdeck.__path__, "quarterdeck."):
        if module.name.rpartition(".")[2] in _HOLD_TABLES:
            importlib.import_module(module.name)

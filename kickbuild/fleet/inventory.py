"""An Ansible inventory, read by Ansible itself: which hosts there are, and what is said of each. Only here is its API.

Host and group variables, their templates, dynamic inventories and vaults are what they are in a playbook.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from kickbuild.errors import InputError, LackingError, Problem, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: What a person does where Ansible is not there.
INSTALL: Final = "install it with the extra: pip install 'kickbuild[fleet]'"
#: What shows a person who is in an inventory.
GRAPH: Final = "`ansible-inventory --graph -i INVENTORY` shows what Ansible reads there"
_DEPTH: Final = 50


class Inventory:
    """The hosts of an inventory. What is said of one is looked up when it is asked for: there may be many."""

    def __init__(self, sources: Sequence[str], limit: str = "") -> None:
        """Read the sources as ``ansible -i`` does, and keep what ``--limit`` keeps.

        Raises LackingError without Ansible, UsageError for an inventory that cannot be read or names no host.
        """
        self._loader, self._inventory, self._variables, templar = _open(sources)
        self._templar = templar
        try:
            if limit:
                self._inventory.subset(limit)
            hosts = self._inventory.get_hosts("all")
        except Exception as error:
            raise UsageError(f"--limit {limit}: {_said(error)}") from error
        self._hosts = {str(host.name): host for host in hosts}
        if not self._hosts:
            where = f"{', '.join(sources)} names no host" + (f" that matches {limit}" if limit else "")
            raise UsageError(where, hint=GRAPH)

    @property
    def hosts(self) -> list[str]:
        """The names, in the inventory's order."""
        return list(self._hosts)

    def variables(self, host: str, names: Iterable[str]) -> dict[str, Any]:
        """Return those of a host's variables that it has, rendered, as plain values. Raises InputError."""
        try:
            known = self._variables.get_vars(host=self._hosts[host], include_hostvars=False)
        except Exception as error:
            raise InputError(_said(error), where=host) from error
        templar = self._templar(loader=self._loader, variables=known)
        found: dict[str, Any] = {}
        for name in names:
            if name in known:
                try:
                    found[name] = plain_value(templar.template(known[name]))
                except Exception as error:
                    raise InputError(_said(error), where=f"{host}: {name}") from error
        return found


def plain_value(value: Any, depth: int = 0) -> Any:
    """Return a value of Ansible's, whose texts and containers are classes of its own, as Python's own.

    Raises ValueError for a value that is nested too deeply.
    """
    if depth > _DEPTH:
        raise ValueError("is nested too deeply")
    if isinstance(value, dict):
        return {plain_value(key, depth + 1): plain_value(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_value(inner, depth + 1) for inner in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return "".join(list(value))
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    return value


def _open(sources: Sequence[str]) -> tuple[Any, Any, Any, Any]:
    """Return Ansible's loader, inventory and variables, and its class of templars."""
    try:
        from ansible import constants
        from ansible.cli import CLI
        from ansible.errors import AnsibleError
        from ansible.inventory.manager import InventoryManager
        from ansible.parsing.dataloader import DataLoader
        from ansible.template import Templar
        from ansible.vars.manager import VariableManager
    except ImportError as error:
        raise LackingError("ansible-core is not installed", hint=INSTALL) from error
    except SystemExit as error:
        # Ansible wants a locale of UTF-8, and ends the process where it has none.
        raise LackingError(f"Ansible does not start: {error}", hint="set LC_ALL=C.UTF-8") from error
    # Half an inventory is none: what cannot be read must not pass with a warning.
    constants.INVENTORY_ANY_UNPARSED_IS_FAILED = True
    constants.INVENTORY_UNPARSED_IS_FAILED = True
    try:
        loader = DataLoader()
        files = [constants.DEFAULT_VAULT_PASSWORD_FILE] if constants.DEFAULT_VAULT_PASSWORD_FILE else []
        loader.set_vault_secrets(
            CLI.setup_vault_secrets(
                loader, list(constants.DEFAULT_VAULT_IDENTITY_LIST), vault_password_files=files, auto_prompt=False
            )
        )
        inventory = InventoryManager(loader=loader, sources=list(sources))
        return loader, inventory, VariableManager(loader=loader, inventory=inventory), Templar
    except AnsibleError as error:
        raise UsageError(*(Problem(line) for line in [_said(error)])) from error


def _said(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__

"""What the drain uses of the ledger beside its service: the notary, who signs checkpoints."""

from headgate.govern.ledger.checkpoints import Notary

__all__ = ["Notary"]

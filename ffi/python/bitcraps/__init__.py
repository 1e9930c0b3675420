"""One phone of a BitCraps table. Start with `CrapsNode`; `native` has everything below it."""

from .native import (
    BetKind,
    Event,
    Fate,
    LinkLoss,
    LinkRole,
    NodeConfig,
    NodeError,
    bet_catalogue,
    bet_kind,
    check_rules,
    preset_rules,
    protocol_version,
    rule_presets,
    sdk_version,
    table_card,
    verify_history,
)
from .node import BetRejected, CrapsNode, Radio, RadioListener
from .room import MemoryRadio, Room

__all__ = [
    "BetKind",
    "BetRejected",
    "CrapsNode",
    "Event",
    "Fate",
    "LinkLoss",
    "LinkRole",
    "MemoryRadio",
    "NodeConfig",
    "NodeError",
    "Radio",
    "RadioListener",
    "Room",
    "bet_catalogue",
    "bet_kind",
    "check_rules",
    "preset_rules",
    "protocol_version",
    "rule_presets",
    "sdk_version",
    "table_card",
    "verify_history",
]

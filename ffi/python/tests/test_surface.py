"""What needs no table: rules, the catalogue of bets, and how errors read."""

import bitcraps as bc
import pytest


def test_the_catalogue_has_every_bet_with_its_price():
    facts = {fact.id: fact for fact in bc.bet_catalogue(bc.preset_rules("reference"))}
    assert len(facts) > 100
    six = facts["place-6"]
    assert six.kind == bc.BetKind.PLACE(6) == bc.bet_kind("place-6")
    assert (six.pays, six.unit, six.edge) == ("7:6", 6, "1/66")


def test_rules_that_cannot_be_kept_are_refused_by_name():
    for name in bc.rule_presets():
        bc.check_rules(bc.preset_rules(name), 18)
    with pytest.raises(bc.NodeError.Rules, match="there are no rules called casino"):
        bc.preset_rules("casino")


def test_errors_say_what_to_do(tmp_path):
    with pytest.raises(bc.NodeError.IdentitySeed, match="must have 32 bytes and has 3"):
        bc.native.GameNode.open(bc.NodeConfig(storage_dir=str(tmp_path), identity_seed=b"abc"))
    config = bc.NodeConfig(storage_dir=str(tmp_path), identity_seed=bytes(32))
    node = bc.native.GameNode.open(config)
    with pytest.raises(bc.NodeError.NoTable, match="take a seat first"):
        node.roll()
    with pytest.raises(bc.NodeError.Card, match="damaged"):
        node.take_seat(b"\x01\x00", True)
    node.shutdown()
    with pytest.raises(bc.NodeError.Closed, match="open it again"):
        node.wake()


def test_two_nodes_never_share_a_folder(tmp_path):
    config = bc.NodeConfig(storage_dir=str(tmp_path), identity_seed=bytes([1] * 32))
    first = bc.native.GameNode.open(config)
    other = bc.native.GameNode.open(bc.NodeConfig(storage_dir=str(tmp_path / "b"), identity_seed=bytes(32)))
    card = bc.table_card(bc.preset_rules("friendly"), [first.public_key(), other.public_key()])
    first.take_seat(card, True)
    with pytest.raises(bc.NodeError.Storage, match="another node has this folder open"):
        bc.native.GameNode.open(config)
    first.suspend()
    with open(tmp_path / "journal", "rb") as journal:
        import fcntl

        fcntl.flock(journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
    first.shutdown()
    other.shutdown()

"""From invites to a table."""

import asyncio

import bitcraps as bc
import pytest
from conftest import NAMES, config, lobby_of, names, until, watch
from test_game import PASS, run


def tells(event, kind: str) -> bool:
    return event.is_lobby() and getattr(event.event, kind)()


@run
async def test_guests_that_were_invited_sign_a_table_and_play_at_it(folder):
    async with lobby_of(folder) as (nodes, _):
        seen, watching = watch(nodes[3])
        await asyncio.sleep(0)
        assert nodes[3].table() is None and not nodes[3].lobby().is_host
        nodes[0].propose_table()
        await until(lambda: all(node.lobby().is_proposed for node in nodes))
        assert nodes[3].lobby().rules == bc.preset_rules("friendly")
        for node in nodes[1:]:
            node.answer_proposal(True)
        await until(lambda: all(node.table() and node.table().dice.has_key for node in nodes))
        assert [event.seat for event in seen if event.is_founded()] == [3]
        assert any(tells(event, "is_proposed") for event in seen)
        assert [seat.name for seat in nodes[2].table().seats] == NAMES
        assert await nodes[3].place_bet(PASS, 10) > 0
        await until(lambda: all(node.table().seats[3].stack == 990 for node in nodes))
        watching.cancel()


@run
async def test_a_copied_or_damaged_invite_is_refused_with_the_reason(folder):
    async with lobby_of(folder, phones=2) as (nodes, invites):
        room = nodes[0]._radio.room
        async with bc.CrapsNode(config(folder, 2), room.radio()) as copy:
            seen, watching = watch(copy)
            await asyncio.sleep(0)
            misread = invites[0][:100] + ("B" if invites[0][100] == "A" else "A") + invites[0][101:]
            with pytest.raises(bc.NodeError.Invite, match="scan it again"):
                copy.join_table("Eve", misread)
            copy.join_table("Eve", invites[0])
            await until(lambda: any(tells(event, "is_not_admitted") for event in seen))
            refusal = next(event.event for event in seen if tells(event, "is_not_admitted"))
            assert "somebody else" in refusal.reason
            assert names(nodes[0]) == NAMES[:2]
            watching.cancel()


@run
async def test_who_declines_is_off_the_list_and_only_the_host_proposes(folder):
    async with lobby_of(folder, phones=3) as (nodes, _):
        with pytest.raises(bc.NodeError.Lobby, match="only the host"):
            nodes[1].propose_table()
        nodes[0].propose_table()
        await until(lambda: nodes[1].lobby().is_proposed)
        nodes[1].answer_proposal(False)
        await until(lambda: names(nodes[2]) == ["Ana", "Cleo"])

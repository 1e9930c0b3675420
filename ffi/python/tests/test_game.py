"""The behaviours that every binding is tested for, against the generated code and the real library."""

import asyncio
import contextlib
import threading

import bitcraps as bc
import pytest
from conftest import config, next_event, table_of, until, watch

PASS = bc.BetKind.PASS_LINE()


def run(test):
    """A coroutine as a test, without a plugin."""

    def runs(tmp_path):
        asyncio.run(test(tmp_path))

    runs.__name__ = test.__name__
    return runs


@run
async def test_a_bet_commits_on_every_phone(folder):
    async with table_of(folder) as nodes:
        slot = await nodes[1].place_bet(PASS, 10)
        assert slot > 0
        await until(lambda: all(node.table().seats[1].stack == 990 for node in nodes))
        bet = nodes[3].table().bets[0]
        assert (bet.seat, bet.kind, bet.amount) == (1, PASS, 10)


@run
async def test_a_bet_above_the_stack_is_refused_with_the_reason(folder):
    async with table_of(folder) as nodes:
        await nodes[2].place_bet(PASS, 1000)
        with pytest.raises(bc.BetRejected, match="the stack has 0"):
            await nodes[2].place_bet(bc.BetKind.FIELD(), 5)
        assert "the stack has 0" in nodes[2].native.check_bet(bc.BetKind.FIELD(), 5)
        with pytest.raises(bc.NodeError.NoSuchBet, match="bet_catalogue"):
            await nodes[2].place_bet(bc.BetKind.PLACE(7), 5)


@run
async def test_a_seven_out_moves_the_shooter(folder):
    async with table_of(folder) as nodes:
        events = nodes[0].events()
        while True:
            if nodes[0].table().point is None:
                await asyncio.gather(*(node.place_bet(PASS, 5) for node in nodes))
            await until(lambda: nodes[0].table().can_roll and nodes[0].table().shooter == 0)
            await asyncio.gather(nodes[0].roll(), rolled := asyncio.ensure_future(next_event(events, is_roll)))
            if rolled.result().seven_out:
                break
        await asyncio.gather(*(node.place_bet(PASS, 5) for node in nodes))
        await until(lambda: all(node.table().shooter == 1 for node in nodes))
        moved = await next_event(events, lambda event: event.is_shooter_moved() and event.to == 1)
        assert moved.to == 1


def is_roll(event) -> bool:
    return event.is_rolled()


@run
async def test_the_primary_dies_and_the_next_bet_still_commits(folder):
    async with table_of(folder) as nodes:
        # On a slow machine it is somebody else's turn by now.
        primary = nodes[1].table().primary
        other = nodes[(primary + 1) % len(nodes)]
        seen, watching = watch(other)
        await other.place_bet(PASS, 10)
        nodes[primary].shutdown()
        await other.place_bet(PASS, 10)
        await until(lambda: any(event.is_view_changed() and event.primary != primary for event in seen))
        assert other.quorum().can_lose == 0
        watching.cancel()


@run
async def test_a_liar_is_named_in_the_events_with_proof(folder):
    """A phone and its copy, both of which claim to be new, out of each other's hearing: a double spend."""
    walls = [(3, 4), (3, 1), (3, 2), (4, 0)]
    async with table_of(folder, seeds=[0, 1, 2, 3, 3], walls=walls) as nodes:
        seen, watching = watch(nodes[1])
        await until(lambda: [len(node.quorum().reachable) for node in nodes] == [4, 4, 4, 2, 3])
        while not any(event.is_convicted() for event in seen):
            with contextlib.suppress(bc.NodeError.Busy):
                spend_twice(nodes[3], nodes[4])
            await asyncio.sleep(0.1)
        lie = next(event for event in seen if event.is_misbehaviour())
        assert lie.seat == 3 and len(lie.evidence) > 128
        await until(lambda: nodes[0].table().seats[3].standing.is_convicted())
        watching.cancel()


def spend_twice(one, other) -> None:
    """Different bets under one number, at the same time: of a number that is decided before its other bet is heard no
    proof is left. Each phone counts its own commands, so the one that is behind bets until it is not.
    """
    first, second = one.native.place_bet(PASS, 5), other.native.place_bet(PASS, 10)
    while first < second:
        first = one.native.place_bet(PASS, 5)
    while second < first:
        second = other.native.place_bet(PASS, 10)
    one._pump()
    other._pump()


@run
async def test_reopened_from_disk_a_phone_goes_on_where_it_was(folder):
    async with table_of(folder) as nodes:
        await nodes[1].place_bet(PASS, 10)
        nodes[1].shutdown()
        await nodes[2].place_bet(PASS, 10)
        async with bc.CrapsNode(config(folder, 1), nodes[0]._radio.room.radio()) as again:
            assert again.table().seats[1].stack == 990
            with pytest.raises(bc.NodeError.Busy, match="asks the others"):
                await again.place_bet(PASS, 10)
            await until(lambda: again.table().memory.is_whole())
            await again.place_bet(PASS, 10)
            assert [seat.stack for seat in again.table().seats] == [1000, 980, 990, 1000]


@run
async def test_the_exported_history_verifies_and_a_tampered_one_does_not(folder):
    async with table_of(folder) as nodes:
        await nodes[1].place_bet(PASS, 10)
        history = nodes[1].native.export_history()
        summary = bc.verify_history(history)
        assert (summary.closed_by, summary.lines[1].stack, summary.lines[1].layout) == (1, 990, 10)
        for at in (0, len(history) // 2, len(history) - 1):
            tampered = bytearray(history)
            tampered[at] ^= 1
            with pytest.raises(bc.NodeError.History):
                bc.verify_history(bytes(tampered))


@run
async def test_cancelling_a_wait_loses_nothing(folder):
    async with table_of(folder) as nodes:
        seen, watching = watch(nodes[1])
        wait = asyncio.ensure_future(nodes[1].place_bet(PASS, 10))
        await asyncio.sleep(0)
        wait.cancel()
        with pytest.raises(asyncio.CancelledError):
            await wait
        await until(lambda: nodes[1].table().seats[1].stack == 990)
        await until(lambda: any(event.is_committed() for event in seen))
        assert await nodes[1].place_bet(PASS, 10) > 0
        watching.cancel()


@run
async def test_two_threads_may_bet_at_once(folder):
    async with table_of(folder) as nodes:
        requests: list[int] = []
        seen, watching = watch(nodes[0])

        def bet() -> None:
            for _ in range(8):
                requests.append(nodes[0].native.place_bet(PASS, 5))

        threads = [threading.Thread(target=bet) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(requests)) == 16
        nodes[0]._pump()
        committed = lambda: {event.request for event in seen if event.is_committed()}
        await until(lambda: committed() >= set(requests))
        assert nodes[0].table().seats[0].stack == 1000 - 16 * 5
        watching.cancel()

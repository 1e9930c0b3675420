"""Four phones in one process play craps until somebody sevens out.

Over Bluetooth each of them would be an app with a radio of its own; everything else would be the same.
"""

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from bitcraps import BetKind, BetRejected, CrapsNode, NodeConfig, Room, preset_rules, table_card

NAMES = ["Ana", "Ben", "Cleo", "Dan"]


async def main(folder: Path) -> None:
    room = Room()
    async with AsyncExitStack() as stack:
        phones = [
            await stack.enter_async_context(
                CrapsNode(
                    # On a phone the seed comes from the keystore.
                    NodeConfig(storage_dir=str(folder / name), identity_seed=bytes([number + 1] * 32)),
                    room.radio(),
                )
            )
            for number, name in enumerate(NAMES)
        ]

        # Everybody sits down at the same card: the rules, and the players' keys by seat.
        keys = [phone.native.public_key() for phone in phones]
        card = table_card(preset_rules("friendly"), keys)
        for phone in phones:
            phone.take_seat(card, is_new=True)

        telling = asyncio.create_task(tell(phones[0]))
        while not telling.done():
            await play(phones)
            await asyncio.sleep(0.05)
        for seat in phones[3].table().seats:
            print(f"{NAMES[seat.seat]:>5}: {seat.stack} chips")


async def play(phones: list[CrapsNode]) -> None:
    """One look at the table by each player: bet on the come-out, and roll when it is your turn."""
    for phone in phones:
        table = phone.table()
        has_bet = any(bet.seat == table.own_seat for bet in table.bets)
        try:
            if table.dice.has_key and table.point is None and not table.is_closed and not has_bet:
                await phone.place_bet(BetKind.PASS_LINE(), 10)
            elif table.shooter == table.own_seat and table.can_roll:
                await phone.roll()
        except BetRejected as refusal:
            print(f"{NAMES[table.own_seat]} may not: {refusal}")


async def tell(phone: CrapsNode) -> None:
    """What one phone's screen would show, up to the seven-out."""
    async for event in phone.events():
        if event.is_bet_placed():
            print(f"{NAMES[event.seat]} bets {event.amount}")
        elif event.is_shooter_moved() and event.to is not None:
            print(f"{NAMES[event.to]} has the dice")
        elif event.is_rolled():
            point = f"the point is {event.point}" if event.point else "come-out"
            print(f"  {event.die_1} + {event.die_2} = {event.die_1 + event.die_2}, {point}")
            if event.seven_out:
                print("Seven out!")
                return


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))

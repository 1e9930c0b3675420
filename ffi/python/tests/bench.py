"""What the binding costs; prints and judges nothing."""

import asyncio
import tempfile
import time
from pathlib import Path

import bitcraps as bc
from conftest import table_of

CALLS = 200_000
BETS = 100


async def main(folder: Path) -> None:
    started = time.perf_counter_ns()
    for _ in range(CALLS):
        bc.protocol_version()
    print(f"Python: {(time.perf_counter_ns() - started) // CALLS} ns a call that does nothing")
    async with table_of(folder) as nodes:
        started = time.perf_counter()
        for _ in range(BETS):
            await nodes[1].place_bet(bc.BetKind.PASS_LINE(), 5)
        spent = (time.perf_counter() - started) * 1000 / BETS
        print(f"Python: {spent:.3f} ms a bet, from the call to the receipt, four phones in this process")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))

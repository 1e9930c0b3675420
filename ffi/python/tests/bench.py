"""What the binding costs; prints and judges nothing."""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import bitcraps as bc
from conftest import table_of

BATCHES, CALLS = 20, 10_000
BETS = 100


def empty_calls() -> int:
    started = time.perf_counter_ns()
    for _ in range(CALLS):
        bc.protocol_version()
    return (time.perf_counter_ns() - started) // CALLS


async def bet(node) -> float:
    started = time.perf_counter()
    await node.place_bet(bc.BetKind.PASS_LINE(), 5)
    return (time.perf_counter() - started) * 1000


async def main(folder: Path) -> None:
    # The least is what it costs on a machine that does nothing else.
    print(f"Python: {min(empty_calls() for _ in range(BATCHES))} ns a call that does nothing")
    async with table_of(folder) as nodes:
        bets = [await bet(nodes[1]) for _ in range(BETS)]
        print(f"Python: {min(bets):.1f} ms a bet at least, median {statistics.median(bets):.1f}, from the call to the receipt")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))

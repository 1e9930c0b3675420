"""A table of four phones in one process, as every test needs it."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import bitcraps as bc

PATIENCE = 180
"""Nothing here takes longer on a machine that works."""


def config(folder, phone: int, seed: int | None = None) -> bc.NodeConfig:
    seed = phone if seed is None else seed
    return bc.NodeConfig(storage_dir=str(folder / str(phone)), identity_seed=bytes([seed + 1] * 32))


@asynccontextmanager
async def table_of(folder, phones: int = 4, seeds=None, walls=()):
    """Opens the phones in one room, seats them, and waits until all can reach all and the dice have a key."""
    room = bc.Room()
    seeds = seeds or list(range(phones))
    radios = [room.radio() for _ in seeds]
    for one, other in walls:
        room.separate(radios[one], radios[other])
    async with AsyncExitStack() as stack, asyncio.timeout(PATIENCE):
        nodes = [bc.CrapsNode(config(folder, at, seed), radios[at]) for at, seed in enumerate(seeds)]
        for node in nodes:
            await stack.enter_async_context(node)
        keys = [node.native.public_key() for node in nodes[:phones]]
        card = bc.table_card(bc.preset_rules("friendly"), keys)
        for node in nodes:
            node.take_seat(card, is_new=True)
        if not walls:
            await until(lambda: all(len(node.quorum().reachable) == phones for node in nodes))
            await until(lambda: all(node.table().dice.has_key for node in nodes))
        yield nodes


NAMES = ["Ana", "Ben", "Cleo", "Dan"]


@asynccontextmanager
async def lobby_of(folder, phones: int = 4):
    """A host and its guests in one room, all of them on everybody's list; and the invites that they came with."""
    room = bc.Room()
    async with AsyncExitStack() as stack, asyncio.timeout(PATIENCE):
        nodes = [bc.CrapsNode(config(folder, at), room.radio()) for at in range(phones)]
        for node in nodes:
            await stack.enter_async_context(node)
        nodes[0].host_table(NAMES[0], bc.preset_rules("friendly"))
        invites = [nodes[0].invite(minutes=60) for _ in nodes[1:]]
        for at, invite in enumerate(invites, start=1):
            # One after the other: seats go to whoever comes first.
            nodes[at].join_table(NAMES[at], invite)
            await until(lambda: names(nodes[0]) == NAMES[: at + 1])
        await until(lambda: all(names(node) == NAMES[:phones] for node in nodes))
        yield nodes, invites


def names(node) -> list[str]:
    return [guest.name for guest in node.lobby().guests]


async def until(holds) -> None:
    while not holds():
        await asyncio.sleep(0.005)


async def next_event(events, wanted) -> bc.Event:
    async for event in events:
        if wanted(event):
            return event
    raise AssertionError("the events ended")


def watch(node) -> tuple[list, asyncio.Task]:
    """Collects a node's events from now on."""
    seen: list[bc.Event] = []

    async def collect() -> None:
        async for event in node.events():
            seen.append(event)

    return seen, asyncio.get_running_loop().create_task(collect())

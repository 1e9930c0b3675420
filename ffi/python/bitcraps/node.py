"""`CrapsNode`: the polled node as Python likes it, with coroutines and an async iterator.

Everything here runs on one event loop. A radio may call its listener from any thread.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

from .native import (
    BetKind,
    Event,
    GameNode,
    LinkLoss,
    LinkRole,
    LobbyView,
    NodeConfig,
    NodeError,
    QuorumView,
    TableRules,
    TableView,
)

EVENTS_MAX = 4096
"""How many events wait for a slow reader; older ones are dropped and counted in `missed`."""


class RadioListener(Protocol):
    """What a radio reports. From any thread."""

    def on_state(self, is_on: bool) -> None: ...
    def on_discovered(self, handle: int, rssi: int) -> None: ...
    def on_up(self, link: int, role: LinkRole, mtu: int) -> None: ...
    def on_down(self, link: int, reason: LinkLoss) -> None: ...
    def on_received(self, link: int, chunk: bytes) -> None: ...
    def on_writable(self, link: int) -> None: ...


class Radio(Protocol):
    """What a radio does. `send` takes one chunk; `on_writable` says that it has left."""

    def start(self, listener: RadioListener) -> None: ...
    def advertise(self, on: bool) -> None: ...
    def scan(self, on: bool) -> None: ...
    def connect(self, handle: int) -> None: ...
    def disconnect(self, link: int) -> None: ...
    def send(self, link: int, chunk: bytes) -> None: ...
    def stop(self) -> None: ...


class BetRejected(Exception):
    """The table refused a command, on every phone alike. The text says why."""


class CrapsNode:
    """One phone. Use it as `async with CrapsNode(config, radio) as node`."""

    def __init__(self, config: NodeConfig, radio: Radio) -> None:
        self.native = GameNode.open(config)
        self.missed = 0
        self.failure: NodeError | None = None
        """Why the node stopped, if it did: a failed write, most likely. Open it again then."""
        self._radio = radio
        self._is_present = self.native.table() is not None
        self._answers: dict[int, asyncio.Future[int]] = {}
        self._readers: list[tuple[deque[Event], asyncio.Event]] = []
        self._wake: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> CrapsNode:
        self._loop = asyncio.get_running_loop()
        self._radio.start(self)
        self._pump()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.shutdown()

    def shutdown(self) -> None:
        """Stops the radio and closes the files; everything is on disk."""
        self._loop = None
        if self._wake:
            self._wake.cancel()
        for future in self._answers.values():
            future.cancel()
        self._radio.stop()
        self.native.shutdown()

    # ------------------------------------------------------------ the lobby

    def host_table(self, name: str, rules: TableRules) -> None:
        """Opens a lobby; what happens there comes as `Event.LOBBY`, and `Event.FOUNDED` at its end."""
        self.native.host_table(name, rules)
        self._enter()

    def join_table(self, name: str, invite: str) -> None:
        """Enters the lobby that an invite is for."""
        self.native.join_table(name, invite)
        self._enter()

    def invite(self, minutes: int) -> str:
        """The text of a QR code that lets one guest in. The host's."""
        return self.native.invite(minutes)

    def lobby(self) -> LobbyView | None:
        return self.native.lobby()

    def propose_table(self) -> None:
        """Asks everybody on the list to sign. The host's."""
        self.native.propose_table()
        self._pump()

    def reopen_lobby(self) -> None:
        """Asks nobody any more. The host's."""
        self.native.reopen_lobby()
        self._pump()

    def remove_guest(self, public_key: bytes) -> None:
        """Takes a guest off the list. The host's."""
        self.native.remove_guest(public_key)
        self._pump()

    def answer_proposal(self, signs: bool) -> None:
        """Signs what is proposed, or is off the list."""
        self.native.answer_proposal(signs)
        self._pump()

    # ------------------------------------------------------------ the player

    def take_seat(self, card: bytes, is_new: bool) -> None:
        """Sits down. `is_new` only if the card was made a moment ago; see `native.GameNode.take_seat`."""
        self.native.take_seat(card, is_new)
        self._enter()

    def table(self) -> TableView | None:
        return self.native.table()

    def quorum(self) -> QuorumView | None:
        return self.native.quorum()

    async def place_bet(self, kind: BetKind, amount: int) -> int:
        """Waits until the table took the bet, and gives the slot. Cancelling it cancels only the wait."""
        return await self.answer(self.native.place_bet(kind, amount))

    async def remove_bet(self, kind: BetKind) -> int:
        return await self.answer(self.native.remove_bet(kind))

    async def roll(self) -> int:
        """Waits until the bets are closed; the dice come as `Event.ROLLED`."""
        return await self.answer(self.native.roll())

    async def answer(self, request: int) -> int:
        """What became of a command of `native`, by its number: the slot, or `BetRejected`."""
        future = asyncio.get_running_loop().create_future()
        self._answers[request] = future
        self._pump()
        try:
            return await future
        finally:
            self._answers.pop(request, None)

    async def events(self) -> AsyncIterator[Event]:
        """Everything from now on, to each reader."""
        reader: tuple[deque[Event], asyncio.Event] = (deque(), asyncio.Event())
        self._readers.append(reader)
        waiting, arrived = reader
        try:
            while True:
                while waiting:
                    yield waiting.popleft()
                arrived.clear()
                await arrived.wait()
        finally:
            self._readers.remove(reader)

    # ------------------------------------------------------------ the radio

    def on_state(self, is_on: bool) -> None:
        self._on_loop(self.native.radio_state, is_on)

    def on_discovered(self, handle: int, rssi: int) -> None:
        self._on_loop(self.native.discovered, handle, rssi, None)

    def on_up(self, link: int, role: LinkRole, mtu: int) -> None:
        self._on_loop(self.native.link_up, link, role, mtu)

    def on_down(self, link: int, reason: LinkLoss) -> None:
        self._on_loop(self.native.link_down, link, reason)

    def on_received(self, link: int, chunk: bytes) -> None:
        self._on_loop(self.native.link_received, link, chunk)

    def on_writable(self, link: int) -> None:
        self._on_loop(self.native.link_writable, link)

    def _enter(self) -> None:
        """What the radio said before there was anybody to hear it is said again."""
        self._is_present = True
        self.on_state(True)

    def _on_loop(self, call, *arguments) -> None:
        if self._loop:
            self._loop.call_soon_threadsafe(self._take, call, arguments)

    def _take(self, call, arguments) -> None:
        # A radio starts before there is a lobby or a seat, and stops after the last chunk.
        if not (self._loop and self._is_present):
            return
        try:
            call(*arguments)
        except NodeError as failure:
            self._fail(failure)
        self._pump()

    def _pump(self) -> None:
        try:
            self._drain()
        except NodeError as failure:
            self._fail(failure)

    def _fail(self, failure: NodeError) -> None:
        self.failure = failure
        for future in self._answers.values():
            if not future.done():
                future.set_exception(failure)

    def _drain(self) -> None:
        while self._loop and not self.failure:
            output = self.native.poll_output()
            if output.is_transmit():
                self._radio.send(output.link, output.chunk)
            elif output.is_event():
                self._tell(output.event)
            elif output.is_connect():
                self._radio.connect(output.handle)
            elif output.is_disconnect():
                self._radio.disconnect(output.link)
            elif output.is_advertise():
                self._radio.advertise(output.on)
            elif output.is_scan():
                self._radio.scan(output.on)
            else:
                self._sleep(output.wake_after_ms)
                return

    def _sleep(self, wake_after_ms: int | None) -> None:
        if self._wake:
            self._wake.cancel()
        if wake_after_ms is not None and self._loop:
            self._wake = self._loop.call_later(wake_after_ms / 1000, self._take, self.native.wake, ())

    def _tell(self, event: Event) -> None:
        future = self._answers.get(event.request) if hasattr(event, "request") else None
        if future and not future.done():
            if event.is_committed():
                future.set_result(event.sequence)
            elif event.is_rejected():
                future.set_exception(BetRejected(event.reason))
            else:
                future.set_exception(BetRejected("this phone was away; look at the table"))
        for waiting, arrived in self._readers:
            if len(waiting) == EVENTS_MAX:
                waiting.popleft()
                self.missed += 1
            waiting.append(event)
            arrived.set()

"""A radio in memory: phones of one process hear each other as they would over the air."""

from __future__ import annotations

import itertools

from .native import LinkLoss, LinkRole
from .node import RadioListener

MTU = 185


class Room:
    """The air. Every phone in it sees every other that advertises."""

    def __init__(self) -> None:
        self._radios: list[MemoryRadio] = []
        self._links: dict[int, tuple[MemoryRadio, MemoryRadio]] = {}
        self._numbers = itertools.count(1)
        self._walls: set[frozenset[int]] = set()

    def radio(self) -> MemoryRadio:
        radio = MemoryRadio(self, len(self._radios))
        self._radios.append(radio)
        return radio

    def separate(self, one: MemoryRadio, other: MemoryRadio) -> None:
        """Puts a wall between two radios: they never see each other."""
        self._walls.add(frozenset((one.handle, other.handle)))

    def meet(self, radio: MemoryRadio) -> None:
        """A radio went on: whoever scans sees whoever advertises."""
        for other in self._radios:
            if frozenset((radio.handle, other.handle)) in self._walls:
                continue
            for seer, seen in ((radio, other), (other, radio)):
                if radio is not other and seer.is_scanning and seen.is_advertising:
                    seer.listener.on_discovered(seen.handle, -50)

    def connect(self, central: MemoryRadio, handle: int) -> None:
        peripheral = self._radios[handle]
        if not peripheral.is_advertising:
            central.listener.on_down(next(self._numbers), LinkLoss.CONNECT_FAILED)
            return
        link = next(self._numbers)
        self._links[link] = (central, peripheral)
        central.listener.on_up(link, LinkRole.CENTRAL, MTU)
        peripheral.listener.on_up(link, LinkRole.PERIPHERAL, MTU)

    def disconnect(self, link: int, by: MemoryRadio) -> None:
        for end in self._links.pop(link, ()):
            end.listener.on_down(link, LinkLoss.LOCAL if end is by else LinkLoss.REMOTE)

    def carry(self, link: int, sender: MemoryRadio, chunk: bytes) -> None:
        for end in self._links.get(link, ()):
            if end is sender:
                end.listener.on_writable(link)
            else:
                end.listener.on_received(link, chunk)

    def leave(self, radio: MemoryRadio) -> None:
        for link, ends in list(self._links.items()):
            if radio in ends:
                self.disconnect(link, radio)


class MemoryRadio:
    """One phone's radio in a `Room`."""

    def __init__(self, room: Room, handle: int) -> None:
        self.room = room
        self.handle = handle
        self.listener: RadioListener
        self.is_advertising = self.is_scanning = False

    def start(self, listener: RadioListener) -> None:
        self.listener = listener
        listener.on_state(True)

    def advertise(self, on: bool) -> None:
        self.is_advertising = on

    def scan(self, on: bool) -> None:
        self.is_scanning = on
        if on:
            self.room.meet(self)

    def connect(self, handle: int) -> None:
        self.room.connect(self, handle)

    def disconnect(self, link: int) -> None:
        self.room.disconnect(link, self)

    def send(self, link: int, chunk: bytes) -> None:
        self.room.carry(link, self, chunk)

    def stop(self) -> None:
        self.is_advertising = self.is_scanning = False
        self.room.leave(self)

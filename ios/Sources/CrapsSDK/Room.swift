import BitcrapsNative
import Foundation

/// A radio in memory: phones of one process hear each other as they would over the air.
public final class Room: @unchecked Sendable {
    static let mtu: UInt16 = 185
    static let rssi: Int8 = -50

    /// Guards everything below, and what is said to listeners, which only queue it.
    private let lock = NSRecursiveLock()
    private var radios: [MemoryRadio] = []
    private var links: [UInt64: [MemoryRadio]] = [:]
    private var walls: [(MemoryRadio, MemoryRadio)] = []
    private var lastLink: UInt64 = 0

    public init() {}

    public func radio() -> any Radio {
        lock.withLock {
            let radio = MemoryRadio(room: self, handle: radios.count)
            radios.append(radio)
            return radio
        }
    }

    /// Puts a wall between two radios of this room: they never see each other.
    public func separate(_ one: any Radio, _ other: any Radio) {
        guard let one = one as? MemoryRadio, let other = other as? MemoryRadio else { return }
        lock.withLock { walls.append((one, other)) }
    }

    private func areSeparate(_ one: MemoryRadio, _ other: MemoryRadio) -> Bool {
        walls.contains { ($0 === one && $1 === other) || ($0 === other && $1 === one) }
    }

    /// One phone's radio.
    private final class MemoryRadio: Radio, @unchecked Sendable {
        let room: Room
        let handle: Int
        var listener: (any RadioListener)?
        var isAdvertising = false
        var isScanning = false

        init(room: Room, handle: Int) {
            self.room = room
            self.handle = handle
        }

        func start(listener: any RadioListener) {
            room.lock.withLock { self.listener = listener }
            listener.onState(isOn: true)
        }

        func advertise(on: Bool) { room.lock.withLock { isAdvertising = on } }

        /// Whoever scans sees whoever advertises.
        func scan(on: Bool) {
            room.lock.withLock {
                isScanning = on
                for other in room.radios where on && other !== self && !room.areSeparate(self, other) {
                    if other.isAdvertising { see(other) }
                    if other.isScanning && isAdvertising { other.see(self) }
                }
            }
        }

        private func see(_ other: MemoryRadio) {
            listener?.onDiscovered(handle: UInt64(other.handle), rssi: Room.rssi)
        }

        func connect(handle: UInt64) {
            room.lock.withLock {
                let other = room.radios[Int(handle)]
                room.lastLink += 1
                guard other.isAdvertising else {
                    listener?.onDown(link: room.lastLink, reason: .connectFailed)
                    return
                }
                room.links[room.lastLink] = [self, other]
                listener?.onUp(link: room.lastLink, role: .central, mtu: Room.mtu)
                other.listener?.onUp(link: room.lastLink, role: .peripheral, mtu: Room.mtu)
            }
        }

        func disconnect(link: UInt64) {
            room.lock.withLock {
                for end in room.links.removeValue(forKey: link) ?? [] {
                    end.listener?.onDown(link: link, reason: end === self ? .local : .remote)
                }
            }
        }

        func send(link: UInt64, chunk: [UInt8]) {
            room.lock.withLock {
                for end in room.links[link] ?? [] {
                    if end === self {
                        end.listener?.onWritable(link: link)
                    } else {
                        end.listener?.onReceived(link: link, chunk: chunk)
                    }
                }
            }
        }

        func stop() {
            room.lock.withLock {
                isAdvertising = false
                isScanning = false
                for (link, ends) in room.links where ends.contains(where: { $0 === self }) {
                    disconnect(link: link)
                }
            }
        }
    }
}

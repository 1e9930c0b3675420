import BitcrapsNative

/// What a radio does. `send` takes one chunk; `onWritable` says that it has left.
public protocol Radio: Sendable {
    func start(listener: any RadioListener)
    func advertise(on: Bool)
    func scan(on: Bool)
    func connect(handle: UInt64)
    func disconnect(link: UInt64)
    func send(link: UInt64, chunk: [UInt8])
    func stop()
}

/// What a radio reports, in the order in which it happened. From any thread.
public protocol RadioListener: Sendable {
    func onState(isOn: Bool)
    func onDiscovered(handle: UInt64, rssi: Int8)
    func onUp(link: UInt64, role: LinkRole, mtu: UInt16)
    func onDown(link: UInt64, reason: LinkLoss)
    func onReceived(link: UInt64, chunk: [UInt8])
    func onWritable(link: UInt64)
}

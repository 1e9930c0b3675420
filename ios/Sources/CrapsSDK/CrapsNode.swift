@_exported import BitcrapsNative
import Foundation

/// The table refused a command, on every phone alike. The reason says why.
public struct BetRejected: Error, LocalizedError, Equatable {
    public let reason: String
    public var errorDescription: String? { reason }
}

extension NodeError {
    /// The text for people; `localizedDescription` would say the name of the case too.
    public var reason: String {
        switch self {
        case .IdentitySeed(let text), .Storage(let text), .NoTable(let text), .OtherTable(let text),
            .Card(let text), .Invite(let text), .Lobby(let text), .Rules(let text), .NoSuchBet(let text), .History(let text),
            .Busy(let text), .Closed(let text):
            return text
        }
    }
}

/// One phone: the polled node as Swift likes it. A radio may call its listener from any thread.
public actor CrapsNode {
    /// How many events wait for a slow reader; beyond that it misses the oldest.
    public static let eventsMax = 4096

    /// Everything below this wrapper. Commands given there are answered in `events` only.
    public nonisolated let native: GameNode
    /// Why the node stopped, if it did: a failed write, most likely. Open it again then.
    public private(set) var failure: (any Error)?

    private let radio: any Radio
    private let inbox: AsyncStream<RadioInput>.Continuation
    private var readers: [UUID: AsyncStream<Event>.Continuation] = [:]
    private var answers: [UInt64: CheckedContinuation<UInt64, any Error>] = [:]
    private var given: [UInt64: Result<UInt64, any Error>] = [:]
    private var waiting: Set<UInt64> = []
    private var wake: Task<Void, Never>?
    /// In a lobby or at a table.
    private var isPresent: Bool
    private var isOpen = true

    public init(config: NodeConfig, radio: any Radio) throws {
        native = try GameNode.open(config: config)
        isPresent = native.table() != nil
        self.radio = radio
        let (stream, inbox) = AsyncStream.makeStream(of: RadioInput.self)
        self.inbox = inbox
        radio.start(listener: Listener(inbox: inbox))
        Task { [weak self] in
            for await input in stream { await self?.take(input) }
        }
    }

    // MARK: The lobby

    /// Opens a lobby as its host; what happens there comes as `Event.lobby`, and `Event.founded` at its end.
    public func hostTable(name: String, rules: TableRules) throws {
        try native.hostTable(name: name, rules: rules)
        enter()
    }

    /// Enters the lobby that an invite is for.
    public func joinTable(name: String, invite: String) throws {
        try native.joinTable(name: name, invite: invite)
        enter()
    }

    public nonisolated func lobby() -> LobbyView? { native.lobby() }

    /// The text of a QR code that lets one guest in. The host's.
    public nonisolated func invite(minutes: UInt32) throws -> String { try native.invite(minutes: minutes) }

    /// Asks everybody on the list to sign. The host's.
    public func proposeTable() throws {
        try native.proposeTable()
        pump()
    }

    /// Asks nobody any more. The host's.
    public func reopenLobby() throws {
        try native.reopenLobby()
        pump()
    }

    /// Takes a guest off the list. The host's.
    public func removeGuest(publicKey: Data) throws {
        try native.removeGuest(publicKey: publicKey)
        pump()
    }

    /// Signs what is proposed, or is off the list.
    public func answerProposal(signs: Bool) throws {
        try native.answerProposal(signs: signs)
        pump()
    }

    // MARK: The player

    /// Sits down. `isNew` only if the card was made a moment ago; see `GameNode.takeSeat`.
    public func takeSeat(card: Data, isNew: Bool) throws {
        try native.takeSeat(card: card, isNew: isNew)
        enter()
    }

    public nonisolated func table() -> TableView? { native.table() }
    public nonisolated func quorum() -> QuorumView? { native.quorum() }

    /// Waits until the table took the bet, and gives the slot. Cancelling the task cancels only the wait.
    public func placeBet(_ kind: BetKind, chips: UInt64) async throws -> UInt64 {
        try await answer(try native.placeBet(kind: kind, amount: chips))
    }

    public func removeBet(_ kind: BetKind) async throws -> UInt64 {
        try await answer(try native.removeBet(kind: kind))
    }

    /// Waits until the bets are closed; the dice come as `Event.rolled`.
    public func roll() async throws -> UInt64 { try await answer(try native.roll()) }

    /// What became of a command of `native`, by its number: the slot, or `BetRejected`.
    public func answer(_ request: UInt64) async throws -> UInt64 {
        waiting.insert(request)
        pump()
        defer {
            waiting.remove(request)
            given[request] = nil
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                if let result = given.removeValue(forKey: request) {
                    continuation.resume(with: result)
                } else if Task.isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    answers[request] = continuation
                }
            }
        } onCancel: {
            Task { await self.settle(request, .failure(CancellationError())) }
        }
    }

    /// Everything from now on, to each reader.
    public func events() -> AsyncStream<Event> {
        let id = UUID()
        let (stream, reader) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingNewest(Self.eventsMax))
        readers[id] = reader
        reader.onTermination = { [weak self] _ in Task { await self?.forget(id) } }
        return stream
    }

    /// Stops the radio and closes the files; everything is on disk.
    public func shutdown() throws {
        isOpen = false
        wake?.cancel()
        radio.stop()
        inbox.finish()
        readers.values.forEach { $0.finish() }
        for request in waiting { settle(request, .failure(CancellationError())) }
        try native.shutdown()
    }

    // MARK: What follows

    private func settle(_ request: UInt64, _ result: Result<UInt64, any Error>) {
        if let continuation = answers.removeValue(forKey: request) {
            continuation.resume(with: result)
        } else if waiting.contains(request) {
            given[request] = result
        }
    }

    private func forget(_ id: UUID) { readers[id] = nil }

    /// A radio starts before there is a lobby or a seat: what it said then is said again.
    private func enter() {
        isPresent = true
        take(.state(true))
    }

    private func take(_ input: RadioInput) {
        guard isOpen, isPresent, failure == nil else { return }
        do { try input.hand(to: native) } catch { return fail(error) }
        pump()
    }

    private func pump() {
        do { while isOpen, failure == nil, try step() {} } catch { fail(error) }
    }

    /// Carries out one output; false when there is none.
    private func step() throws -> Bool {
        switch try native.pollOutput() {
        case .transmit(let link, let chunk): radio.send(link: link, chunk: [UInt8](chunk))
        case .event(let event): tell(event)
        case .connect(let handle): radio.connect(handle: handle)
        case .disconnect(let link): radio.disconnect(link: link)
        case .advertise(let on): radio.advertise(on: on)
        case .scan(let on): radio.scan(on: on)
        case .idle(let wakeAfterMs):
            sleep(wakeAfterMs)
            return false
        }
        return true
    }

    private func sleep(_ wakeAfterMs: UInt64?) {
        wake?.cancel()
        wake = wakeAfterMs.map { milliseconds in
            Task { [weak self] in
                guard (try? await Task.sleep(for: .milliseconds(milliseconds))) != nil else { return }
                await self?.take(.wake)
            }
        }
    }

    private func tell(_ event: Event) {
        switch event {
        case .committed(let sequence, let request): settle(request, .success(sequence))
        case .rejected(_, let request, let reason): settle(request, .failure(BetRejected(reason: reason)))
        case .overtaken(let request):
            settle(request, .failure(BetRejected(reason: "this phone was away; look at the table")))
        default: break
        }
        readers.values.forEach { $0.yield(event) }
    }

    private func fail(_ error: any Error) {
        failure = error
        for request in waiting { settle(request, .failure(error)) }
    }
}

/// What the radio reported, on its way to the actor: one queue, so that the order is kept.
private enum RadioInput: Sendable {
    case state(Bool), discovered(UInt64, Int8), up(UInt64, LinkRole, UInt16), down(UInt64, LinkLoss)
    case received(UInt64, [UInt8]), writable(UInt64), wake

    func hand(to node: GameNode) throws {
        switch self {
        case .state(let isOn): try node.radioState(isOn: isOn)
        case .discovered(let handle, let rssi): try node.discovered(handle: handle, rssi: rssi, hint: nil)
        case .up(let link, let role, let mtu): try node.linkUp(link: link, role: role, mtu: mtu)
        case .down(let link, let reason): try node.linkDown(link: link, reason: reason)
        case .received(let link, let chunk): try node.linkReceived(link: link, chunk: Data(chunk))
        case .writable(let link): try node.linkWritable(link: link)
        case .wake: try node.wake()
        }
    }
}

private struct Listener: RadioListener {
    let inbox: AsyncStream<RadioInput>.Continuation

    func onState(isOn: Bool) { inbox.yield(.state(isOn)) }
    func onDiscovered(handle: UInt64, rssi: Int8) { inbox.yield(.discovered(handle, rssi)) }
    func onUp(link: UInt64, role: LinkRole, mtu: UInt16) { inbox.yield(.up(link, role, mtu)) }
    func onDown(link: UInt64, reason: LinkLoss) { inbox.yield(.down(link, reason)) }
    func onReceived(link: UInt64, chunk: [UInt8]) { inbox.yield(.received(link, chunk)) }
    func onWritable(link: UInt64) { inbox.yield(.writable(link)) }
}

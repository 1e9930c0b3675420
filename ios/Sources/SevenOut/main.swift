import CrapsSDK
import Foundation

// Four phones in one process play craps until somebody sevens out. Over Bluetooth each of them would be an app with a
// radio of its own; everything else would be the same.

let names = ["Ana", "Ben", "Cleo", "Dan"]
let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
defer { try? FileManager.default.removeItem(at: folder) }

let room = Room()
let phones = try names.enumerated().map { number, name in
    // On a phone the seed comes from the Keychain.
    let seed = Data(repeating: UInt8(number + 1), count: 32)
    let storage = folder.appendingPathComponent(name).path
    return try CrapsNode(config: NodeConfig(storageDir: storage, identitySeed: seed), radio: room.radio())
}

// Everybody sits down at the same card: the rules, and the players' keys by seat.
let card = try tableCard(rules: presetRules(name: "friendly"), publicKeys: phones.map { $0.native.publicKey() })
for phone in phones { try await phone.takeSeat(card: card, isNew: true) }

let events = await phones[0].events()
let telling = Task {
    for await event in events where tell(event) { return }
}
let playing = Task {
    while !Task.isCancelled {
        for phone in phones { try await play(phone) }
        try await Task.sleep(for: .milliseconds(50))
    }
}
await telling.value
playing.cancel()
_ = await playing.result
for seat in phones[3].table()?.seats ?? [] {
    print("\(names[Int(seat.seat)]): \(seat.stack) chips")
}
for phone in phones { try await phone.shutdown() }

/// One look at the table: bet on the come-out, and roll when it is your turn.
func play(_ phone: CrapsNode) async throws {
    guard let table = phone.table() else { return }
    let hasBet = table.bets.contains { $0.seat == table.ownSeat }
    do {
        if table.dice.hasKey && table.point == nil && !table.isClosed && !hasBet {
            _ = try await phone.placeBet(.passLine, chips: 10)
        } else if table.shooter == table.ownSeat && table.canRoll {
            _ = try await phone.roll()
        }
    } catch let refusal as BetRejected {
        print("\(names[Int(table.ownSeat)]) may not: \(refusal.reason)")
    }
}

/// What one phone's screen would show; true once there was a seven-out.
func tell(_ event: Event) -> Bool {
    switch event {
    case .betPlaced(let seat, _, let amount, _):
        print("\(names[Int(seat)]) bets \(amount)")
    case .shooterMoved(_, let to?):
        print("\(names[Int(to)]) has the dice")
    case .rolled(_, _, _, let die1, let die2, _, _, let sevenOut, let point, _):
        print("  \(die1) + \(die2) = \(die1 + die2), \(point.map { "the point is \($0)" } ?? "come-out")")
        if sevenOut { print("Seven out!") }
        return sevenOut
    default: break
    }
    return false
}

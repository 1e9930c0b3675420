import CrapsSDK
import Foundation
import XCTest

/// Phones in one room, seated and linked, as every test needs them.
struct Table {
    static let phones = 4
    let folder: URL
    let room: Room
    let nodes: [CrapsNode]

    static func config(_ folder: URL, _ phone: Int, _ seed: UInt8) -> NodeConfig {
        let storage = folder.appendingPathComponent("\(phone)").path
        return NodeConfig(storageDir: storage, identitySeed: Data(repeating: seed + 1, count: 32))
    }

    /// Opens a phone that was shut down again, from its folder.
    func reopen(_ phone: Int) throws -> CrapsNode {
        try CrapsNode(config: Self.config(folder, phone, UInt8(phone)), radio: room.radio())
    }

    static func with(
        seeds: [UInt8] = [0, 1, 2, 3], walls: [(Int, Int)] = [], _ test: (Table) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let room = Room()
        let radios = seeds.map { _ in room.radio() }
        for (one, other) in walls { room.separate(radios[one], radios[other]) }
        let nodes = try seeds.enumerated().map { at, seed in
            try CrapsNode(config: config(folder, at, seed), radio: radios[at])
        }
        let keys = nodes.prefix(phones).map { $0.native.publicKey() }
        let card = try tableCard(rules: presetRules(name: "friendly"), publicKeys: keys)
        for node in nodes { try await node.takeSeat(card: card, isNew: true) }
        try await until("links") {
            !walls.isEmpty || nodes.allSatisfy { $0.quorum()?.reachable.count == phones }
        }
        try await until("the key of the dice") {
            !walls.isEmpty || nodes.allSatisfy { $0.table()?.dice.hasKey == true }
        }
        try await test(Table(folder: folder, room: room, nodes: nodes))
        for node in nodes { try await node.shutdown() }
    }
}

/// A host and its guests in one room, all of them on everybody's list, and the invites that they came with.
struct Gathering {
    static let names = ["Ana", "Ben", "Cleo", "Dan"]
    let folder: URL
    let room: Room
    let nodes: [CrapsNode]
    let invites: [String]

    /// Opens one more phone.
    func add() throws -> CrapsNode {
        try CrapsNode(config: Table.config(folder, nodes.count, UInt8(nodes.count)), radio: room.radio())
    }

    static func with(phones: Int, _ test: (Gathering) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let room = Room()
        let nodes = try (0..<phones).map {
            try CrapsNode(config: Table.config(folder, $0, UInt8($0)), radio: room.radio())
        }
        try await nodes[0].hostTable(name: names[0], rules: presetRules(name: "friendly"))
        let invites = try nodes.dropFirst().map { _ in try nodes[0].invite(minutes: 60) }
        for (at, invite) in zip(1..., invites) {
            // One after the other: seats go to whoever comes first.
            try await nodes[at].joinTable(name: names[at], invite: invite)
            try await until("the host's list") { nodes[0].guests == Array(names.prefix(at + 1)) }
        }
        try await until("the lists") { nodes.allSatisfy { $0.guests == Array(names.prefix(phones)) } }
        try await test(Gathering(folder: folder, room: room, nodes: nodes, invites: invites))
        for node in nodes { try await node.shutdown() }
    }
}

extension CrapsNode {
    nonisolated var guests: [String] { lobby()?.guests.map(\.name) ?? [] }
}

struct Timeout: Error { let what: String }

/// Nothing here takes longer than three minutes on a machine that works.
func until(_ what: String, every pause: Duration = .milliseconds(5), _ holds: () async -> Bool) async throws {
    let deadline = Date().addingTimeInterval(180)
    while true {
        if await holds() { return }
        if Date() > deadline { throw Timeout(what: what) }
        try await Task.sleep(for: pause)
    }
}

/// Collects a node's events from now on.
actor Watch {
    private(set) var seen: [Event] = []

    /// Collects what a node tells from now on.
    static func of(_ node: CrapsNode) async -> Watch {
        let watch = Watch()
        let events = await node.events()
        Task { for await event in events { await watch.add(event) } }
        return watch
    }

    private func add(_ event: Event) { seen.append(event) }

    func first<T>(_ pick: (Event) -> T?) -> T? {
        for event in seen {
            if let found = pick(event) { return found }
        }
        return nil
    }

    /// The commands that took effect.
    var committed: Set<UInt64> {
        Set(seen.compactMap { if case .committed(_, let request) = $0 { request } else { nil } })
    }

    /// Whether each roll so far was a seven-out.
    var sevenOuts: [Bool] {
        seen.compactMap {
            if case .rolled(_, _, _, _, _, _, _, let sevenOut, _, _) = $0 { sevenOut } else { nil }
        }
    }
}

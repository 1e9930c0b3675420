import CrapsSDK
import Foundation
import XCTest

/// The behaviours that every binding is tested for, against the generated code and the real library.
final class GameTests: XCTestCase {
    func testABetCommitsOnEveryPhone() async throws {
        try await Table.with { table in
            let slot = try await table.nodes[1].placeBet(.passLine, chips: 10)
            XCTAssertGreaterThan(slot, 0)
            try await until("all phones") { table.nodes.allSatisfy { $0.table()?.seats[1].stack == 990 } }
            let bet = try XCTUnwrap(table.nodes[3].table()?.bets.first)
            XCTAssertEqual(bet.seat, 1)
            XCTAssertEqual(bet.kind, .passLine)
            XCTAssertEqual(bet.amount, 10)
        }
    }

    func testABetAboveTheStackIsRefusedWithTheReason() async throws {
        try await Table.with { table in
            _ = try await table.nodes[2].placeBet(.passLine, chips: 1000)
            do {
                _ = try await table.nodes[2].placeBet(.field, chips: 5)
                XCTFail("it was not refused")
            } catch let refusal as BetRejected {
                XCTAssertTrue(refusal.reason.contains("the stack has 0"), refusal.reason)
                let free = try table.nodes[2].native.checkBet(kind: .field, amount: 5)
                XCTAssertEqual(free, refusal.reason)
            }
            do {
                _ = try await table.nodes[2].placeBet(.place(number: 7), chips: 5)
                XCTFail("there is no such bet")
            } catch let error as NodeError {
                XCTAssertTrue(error.reason.contains("bet_catalogue"), error.reason)
            }
        }
    }

    func testASevenOutMovesTheShooter() async throws {
        try await Table.with { table in
            let first = table.nodes[0]
            let watch = await Watch.of(first)
            var isOver = false
            while !isOver {
                if first.table()?.point == nil { try await Self.betAll(table) }
                try await until("the dice") { first.table()?.canRoll == true && first.table()?.shooter == 0 }
                let before = await watch.sevenOuts.count
                _ = try await first.roll()
                try await until("the roll") { await watch.sevenOuts.count > before }
                isOver = await watch.sevenOuts.last == true
            }
            try await Self.betAll(table)
            try await until("the next shooter") { table.nodes.allSatisfy { $0.table()?.shooter == 1 } }
            try await until("the event") {
                await watch.first { if case .shooterMoved(_, 1) = $0 { true } else { nil } } == true
            }
        }
    }

    func testThePrimaryDiesAndTheNextBetStillCommits() async throws {
        try await Table.with { table in
            // On a slow machine it is somebody else's turn by now.
            let primary = try XCTUnwrap(table.nodes[1].table()?.primary)
            let other = table.nodes[(Int(primary) + 1) % Table.phones]
            let watch = await Watch.of(other)
            _ = try await other.placeBet(.passLine, chips: 10)
            try await table.nodes[Int(primary)].shutdown()
            _ = try await other.placeBet(.passLine, chips: 10)
            try await until("the view") {
                await watch.first { if case .viewChanged(_, let next) = $0, next != primary { true } else { nil } } == true
            }
            XCTAssertEqual(other.quorum()?.canLose, 0)
        }
    }

    /// A phone and its copy, both of which claim to be new, out of each other's hearing: a double spend.
    func testALiarIsNamedInTheEventsWithProof() async throws {
        let walls = [(3, 4), (3, 1), (3, 2), (4, 0)]
        try await Table.with(seeds: [0, 1, 2, 3, 3], walls: walls) { table in
            let watch = await Watch.of(table.nodes[1])
            try await until("links") {
                table.nodes.map { $0.quorum()?.reachable.count } == [4, 4, 4, 2, 3]
            }
            var bets: [Task<UInt64, any Error>] = []
            try await until("the verdict", every: .milliseconds(100)) {
                bets += Self.spendTwice(table.nodes[3], table.nodes[4])
                return await watch.first { if case .convicted = $0 { true } else { nil } } == true
            }
            let proof = await watch.first { (event) -> (UInt8, Int)? in
                if case .misbehaviour(let seat, _, let evidence) = event { (seat, evidence.count) } else { nil }
            }
            XCTAssertEqual(proof?.0, 3)
            XCTAssertGreaterThan(proof?.1 ?? 0, 128)
            bets.forEach { $0.cancel() }
        }
    }

    func testReopenedFromDiskAPhoneGoesOnWhereItWas() async throws {
        try await Table.with { table in
            _ = try await table.nodes[1].placeBet(.passLine, chips: 10)
            try await table.nodes[1].shutdown()
            _ = try await table.nodes[2].placeBet(.passLine, chips: 10)
            let again = try table.reopen(1)
            XCTAssertEqual(again.table()?.seats[1].stack, 990)
            try await until("its memory") { again.table()?.memory == .whole }
            _ = try await again.placeBet(.passLine, chips: 10)
            try await until("the bets") { again.table()?.seats.map(\.stack) == [1000, 980, 990, 1000] }
            try await again.shutdown()
        }
    }

    func testTheExportedHistoryVerifiesAndATamperedOneDoesNot() async throws {
        try await Table.with { table in
            _ = try await table.nodes[1].placeBet(.passLine, chips: 10)
            let history = try table.nodes[1].native.exportHistory()
            let summary = try verifyHistory(bundle: history)
            XCTAssertEqual(summary.closedBy, 1)
            XCTAssertEqual(summary.lines[1].stack, 990)
            XCTAssertEqual(summary.lines[1].layout, 10)
            for at in [0, history.count / 2, history.count - 1] {
                var tampered = history
                tampered[at] ^= 1
                XCTAssertThrowsError(try verifyHistory(bundle: tampered))
            }
        }
    }

    func testCancellingAWaitLosesNothing() async throws {
        try await Table.with { table in
            let watch = await Watch.of(table.nodes[1])
            let wait = Task { try await table.nodes[1].placeBet(.passLine, chips: 10) }
            wait.cancel()
            _ = await wait.result
            try await until("the bet") { table.nodes[1].table()?.seats[1].stack == 990 }
            try await until("the event") {
                await watch.first { if case .committed = $0 { true } else { nil } } == true
            }
            let slot = try await table.nodes[1].placeBet(.passLine, chips: 10)
            XCTAssertGreaterThan(slot, 0)
        }
    }

    func testTwoThreadsMayBetAtOnce() async throws {
        try await Table.with { table in
            let node = table.nodes[0]
            let watch = await Watch.of(node)
            // Outside the actor: these two run at once.
            let requests = try await withThrowingTaskGroup(of: [UInt64].self) { group in
                for _ in 0..<2 {
                    group.addTask { try (0..<8).map { _ in try node.native.placeBet(kind: .passLine, amount: 5) } }
                }
                return try await group.reduce(into: Set<UInt64>()) { $0.formUnion($1) }
            }
            XCTAssertEqual(requests.count, 16)
            // What was commanded below the actor goes out with its next one.
            _ = try await node.placeBet(.passLine, chips: 5)
            try await until("all bets") { await watch.committed.isSuperset(of: requests) }
            XCTAssertEqual(node.table()?.seats[0].stack, 1000 - 17 * 5)
        }
    }

    /// Different bets under one number, at the same time: of a number that is decided before its other bet is heard no
    /// proof is left. Each phone counts its own commands, so the one that is behind bets until it is not.
    private static func spendTwice(_ one: CrapsNode, _ other: CrapsNode) -> [Task<UInt64, any Error>] {
        // Thrown when too many of them wait by now.
        try? {
            var first = try one.native.placeBet(kind: .passLine, amount: 5)
            var second = try other.native.placeBet(kind: .passLine, amount: 10)
            while first < second { first = try one.native.placeBet(kind: .passLine, amount: 5) }
            while second < first { second = try other.native.placeBet(kind: .passLine, amount: 10) }
        }()
        // What was commanded below the actors goes out with their next one.
        return [
            Task { try await one.placeBet(.passLine, chips: 5) },
            Task { try await other.placeBet(.passLine, chips: 10) },
        ]
    }

    private static func betAll(_ table: Table) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in table.nodes { group.addTask { _ = try await node.placeBet(.passLine, chips: 5) } }
            try await group.waitForAll()
        }
    }
}

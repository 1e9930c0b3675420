import CrapsSDK
import XCTest

/// From invites to a table.
final class LobbyTests: XCTestCase {
    func testGuestsThatWereInvitedSignATableAndPlayAtIt() async throws {
        try await Gathering.with(phones: 4) { lobby in
            let nodes = lobby.nodes
            let watch = await Watch.of(nodes[3])
            XCTAssertNil(nodes[3].table())
            XCTAssertEqual(nodes[3].lobby()?.isHost, false)
            try await nodes[0].proposeTable()
            try await until("the proposal") { nodes.allSatisfy { $0.lobby()?.isProposed == true } }
            XCTAssertEqual(nodes[3].lobby()?.rules, try presetRules(name: "friendly"))
            for node in nodes.dropFirst() { try await node.answerProposal(signs: true) }
            try await until("the key of the dice") { nodes.allSatisfy { $0.table()?.dice.hasKey == true } }
            let seat = await watch.first { if case .founded(let seat) = $0 { seat } else { nil } }
            XCTAssertEqual(seat, 3)
            let isAsked = await watch.first { if case .lobby(.proposed) = $0 { true } else { nil } }
            XCTAssertEqual(isAsked, true)
            XCTAssertEqual(nodes[2].table()?.seats.compactMap(\.name), Gathering.names)
            _ = try await nodes[3].placeBet(.passLine, chips: 10)
            try await until("all phones") { nodes.allSatisfy { $0.table()?.seats[3].stack == 990 } }
        }
    }

    func testACopiedOrDamagedInviteIsRefusedWithTheReason() async throws {
        try await Gathering.with(phones: 2) { lobby in
            let copy = try lobby.add()
            let watch = await Watch.of(copy)
            do {
                var misread = Array(lobby.invites[0])
                misread[100] = misread[100] == "A" ? "B" : "A"
                try await copy.joinTable(name: "Eve", invite: String(misread))
                XCTFail("it is not whole")
            } catch let error as NodeError {
                XCTAssertTrue(error.reason.contains("scan it again"), error.reason)
            }
            try await copy.joinTable(name: "Eve", invite: lobby.invites[0])
            let refusal: @Sendable (Event) -> String? = {
                if case .lobby(.notAdmitted(let reason)) = $0 { reason } else { nil }
            }
            try await until("the refusal") { await watch.first(refusal) != nil }
            let reason = await watch.first(refusal) ?? ""
            XCTAssertTrue(reason.contains("somebody else"), reason)
            XCTAssertEqual(lobby.nodes[0].guests, ["Ana", "Ben"])
            try await copy.shutdown()
        }
    }

    func testWhoDeclinesIsOffTheListAndOnlyTheHostProposes() async throws {
        try await Gathering.with(phones: 3) { lobby in
            let nodes = lobby.nodes
            do {
                try await nodes[1].proposeTable()
                XCTFail("it is a guest")
            } catch let error as NodeError {
                XCTAssertTrue(error.reason.contains("only the host"), error.reason)
            }
            try await nodes[0].proposeTable()
            try await until("the proposal") { nodes[1].lobby()?.isProposed == true }
            try await nodes[1].answerProposal(signs: false)
            try await until("the list without it") { nodes[2].guests == ["Ana", "Cleo"] }
        }
    }
}

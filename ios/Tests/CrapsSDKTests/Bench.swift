import CrapsSDK
import XCTest

/// What the binding costs; prints and judges nothing.
final class Bench: XCTestCase {
    func testEmptyCallsAndBets() async throws {
        let calls = 200_000
        let clock = ContinuousClock()
        let spent = clock.measure { for _ in 0..<calls { _ = protocolVersion() } }
        print("Swift: \(nanoseconds(spent) / Int64(calls)) ns a call that does nothing")
        try await Table.with { table in
            let bets = 100
            let spent = try await clock.measure {
                for _ in 0..<bets { _ = try await table.nodes[1].placeBet(.passLine, chips: 5) }
            }
            let micros = nanoseconds(spent) / 1_000 / Int64(bets)
            print("Swift: \(Double(micros) / 1_000) ms a bet, from the call to the receipt, four phones in this process")
        }
    }

    private func nanoseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    }
}

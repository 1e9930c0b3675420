import CrapsSDK
import Foundation
import XCTest

/// What the binding costs; prints and judges nothing.
final class Bench: XCTestCase {
    private let clock = ContinuousClock()

    func testEmptyCallsAndBets() async throws {
        let (batches, calls) = (20, 10_000)
        // The least is what it costs on a machine that does nothing else.
        let spent = (0..<batches).map { _ in
            nanoseconds(clock.measure { for _ in 0..<calls { _ = protocolVersion() } }) / Int64(calls)
        }
        print("Swift: \(spent.min() ?? 0) ns a call that does nothing")
        try await Table.with { table in
            var bets: [Double] = []
            for _ in 0..<100 {
                let started = clock.now
                _ = try await table.nodes[1].placeBet(.passLine, chips: 5)
                bets.append(Double(nanoseconds(clock.now - started)) / 1_000_000)
            }
            bets.sort()
            let (least, median) = (String(format: "%.1f", bets[0]), String(format: "%.1f", bets[bets.count / 2]))
            print("Swift: \(least) ms a bet at least, median \(median), from the call to the receipt")
        }
    }

    private func nanoseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000
    }
}

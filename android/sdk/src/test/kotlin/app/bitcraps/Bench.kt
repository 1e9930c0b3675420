package app.bitcraps

import app.bitcraps.node.BetKind
import app.bitcraps.node.protocolVersion
import org.junit.jupiter.api.Test

/** What the binding costs; prints and judges nothing. */
class Bench {
    @Test
    fun `empty calls and bets`() = Table.of { table ->
        val calls = 200_000
        repeat(2) { repeat(calls) { protocolVersion() } }
        val started = System.nanoTime()
        repeat(calls) { protocolVersion() }
        println("Kotlin: ${(System.nanoTime() - started) / calls} ns a call that does nothing")
        val bets = 100
        val before = System.nanoTime()
        repeat(bets) { table.nodes[1].placeBet(BetKind.PassLine, 5u) }
        val micros = (System.nanoTime() - before) / 1_000 / bets
        println("Kotlin: ${micros / 1_000.0} ms a bet, from the call to the receipt, four phones in this process")
    }
}

package app.bitcraps

import app.bitcraps.node.BetKind
import app.bitcraps.node.protocolVersion
import org.junit.jupiter.api.Test
import java.util.Locale
import kotlin.time.measureTime

private const val BATCHES = 40
private const val CALLS = 10_000
private const val BETS = 100

/** What the binding costs; prints and judges nothing. */
class Bench {
    @Test
    fun `empty calls and bets`() = Table.of { table ->
        // The least is what it costs on a machine that does nothing else, and once the JVM has compiled it.
        val calls = List(BATCHES) { measureTime { repeat(CALLS) { protocolVersion() } }.inWholeNanoseconds / CALLS }
        println("Kotlin: ${calls.min()} ns a call that does nothing")
        val bets = List(BETS) {
            measureTime { table.nodes[1].placeBet(BetKind.PassLine, 5u) }.inWholeMicroseconds / 1_000.0
        }.sorted()
        val (least, median) = listOf(bets.first(), bets[BETS / 2]).map { String.format(Locale.ROOT, "%.1f", it) }
        println("Kotlin: $least ms a bet at least, median $median, from the call to the receipt")
    }
}

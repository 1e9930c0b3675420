package sample

import app.bitcraps.BetRejected
import app.bitcraps.CrapsNode
import app.bitcraps.Room
import app.bitcraps.node.BetKind
import app.bitcraps.node.Event
import app.bitcraps.node.NodeConfig
import app.bitcraps.node.presetRules
import app.bitcraps.node.tableCard
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.onEach
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.yield
import java.io.File
import java.nio.file.Files

private val NAMES = listOf("Ana", "Ben", "Cleo", "Dan")

/**
 * Four phones in one process play craps until somebody sevens out.
 *
 * Over Bluetooth each of them would be an app with a radio of its own; everything else would be the same.
 */
fun sevenOut(folder: File) = runBlocking {
    val room = Room()
    val phones = NAMES.mapIndexed { number, name ->
        // On a phone the seed comes from the Keystore.
        val config = NodeConfig(File(folder, name).path, ByteArray(32) { (number + 1).toByte() })
        CrapsNode(config, room.radio())
    }

    // Everybody sits down at the same card: the rules, and the players' keys by seat.
    val card = tableCard(presetRules("friendly"), phones.map { it.native.publicKey() })
    phones.forEach { it.takeSeat(card, isNew = true) }

    val telling = launch { phones[0].events.onEach(::tell).first { it is Event.Rolled && it.sevenOut } }
    yield()
    while (telling.isActive) {
        phones.forEach { play(it) }
        delay(50)
    }
    phones[3].table.value?.seats?.forEach { println("${NAMES[it.seat.toInt()].padStart(5)}: ${it.stack} chips") }
    phones.forEach { it.close() }
}

/** One look at the table: bet on the come-out, and roll when it is your turn. */
private suspend fun play(phone: CrapsNode) {
    val table = phone.table.value ?: return
    val hasBet = table.bets.any { it.seat == table.ownSeat }
    try {
        if (table.dice.hasKey && table.point == null && !table.isClosed && !hasBet) {
            phone.placeBet(BetKind.PassLine, 10u)
        } else if (table.shooter == table.ownSeat && table.canRoll) {
            phone.roll()
        }
    } catch (refusal: BetRejected) {
        println("${NAMES[table.ownSeat.toInt()]} may not: ${refusal.message}")
    }
}

/** What one phone's screen would show. */
private fun tell(event: Event) {
    when (event) {
        is Event.BetPlaced -> println("${NAMES[event.seat.toInt()]} bets ${event.amount}")
        is Event.ShooterMoved -> event.to?.let { println("${NAMES[it.toInt()]} has the dice") }
        is Event.Rolled -> {
            val point = event.point?.let { "the point is $it" } ?: "come-out"
            println("  ${event.die1} + ${event.die2} = ${event.die1 + event.die2}, $point")
            if (event.sevenOut) println("Seven out!")
        }
        else -> {}
    }
}

fun main() {
    val folder = Files.createTempDirectory("seven-out").toFile()
    sevenOut(folder)
    folder.deleteRecursively()
}

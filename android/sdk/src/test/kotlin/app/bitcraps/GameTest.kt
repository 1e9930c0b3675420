package app.bitcraps

import app.bitcraps.node.BetKind
import app.bitcraps.node.Event
import app.bitcraps.node.Memory
import app.bitcraps.node.NodeException
import app.bitcraps.node.Standing
import app.bitcraps.node.verifyHistory
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.fail
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.concurrent.thread

private val PASS = BetKind.PassLine

/** The behaviours that every binding is tested for, against the generated code and the real library. */
class GameTest {
    @Test
    fun `a bet commits on every phone`() = Table.of { table ->
        val receipt = table.nodes[1].placeBet(PASS, 10u)
        assertTrue(receipt.sequence > 0u)
        until("all phones") { table.nodes.all { it.table.value!!.seats[1].stack == 990uL } }
        val bet = table.nodes[3].table.value!!.bets.single()
        assertEquals(Triple<UByte, BetKind, ULong>(1u, PASS, 10u), Triple(bet.seat, bet.kind, bet.amount))
    }

    @Test
    fun `a bet above the stack is refused with the reason`() = Table.of { table ->
        table.nodes[2].placeBet(PASS, 1000u)
        val refusal = rejection { table.nodes[2].placeBet(BetKind.Field, 5u) }
        assertTrue("the stack has 0" in refusal, refusal)
        assertEquals(refusal, table.nodes[2].native.checkBet(BetKind.Field, 5u))
        try {
            table.nodes[2].placeBet(BetKind.Place(7u), 5u)
            fail("there is no such bet")
        } catch (error: NodeException.NoSuchBet) {
            assertTrue("bet_catalogue" in error.message.orEmpty(), "$error")
        }
    }

    @Test
    fun `a seven-out moves the shooter`() = Table.of { table ->
        val (first) = table.nodes
        val (seen, watching) = watch(first)
        val rolls = { seen.filterIsInstance<Event.Rolled>() }
        do {
            if (first.table.value!!.point == null) table.nodes.map { async { it.placeBet(PASS, 5u) } }.awaitAll()
            until("the dice") { first.table.value!!.run { canRoll && shooter == 0.toUByte() } }
            val before = rolls().size
            first.roll()
            until("the roll") { rolls().size > before }
        } while (!rolls().last().sevenOut)
        table.nodes.map { async { it.placeBet(PASS, 5u) } }.awaitAll()
        until("the next shooter") { table.nodes.all { it.table.value!!.shooter == 1.toUByte() } }
        until("the event") { seen.any { it is Event.ShooterMoved && it.to == 1.toUByte() } }
        watching.cancel()
    }

    @Test
    fun `the primary dies and the next bet still commits`() = Table.of { table ->
        // On a slow machine it is somebody else's turn by now.
        val primary = table.nodes[1].table.value!!.primary.toInt()
        val other = table.nodes[(primary + 1) % Table.PHONES]
        val (seen, watching) = watch(other)
        other.placeBet(PASS, 10u)
        table.nodes[primary].close()
        other.placeBet(PASS, 10u)
        until("the view") { seen.any { it is Event.ViewChanged && it.primary.toInt() != primary } }
        assertEquals(0.toUByte(), other.quorum()!!.canLose)
        watching.cancel()
    }

    /** A phone and its copy, both of which claim to be new, out of each other's hearing: a double spend. */
    @Test
    fun `a liar is named in the events with proof`() {
        val walls = listOf(Pair(3, 4), Pair(3, 1), Pair(3, 2), Pair(4, 0))
        Table.of(listOf(0, 1, 2, 3, 3), walls) { table ->
            val (seen, watching) = watch(table.nodes[1])
            until("links") { table.nodes.map { it.quorum()!!.reachable.size } == listOf(4, 4, 4, 2, 3) }
            val betting = launch {
                while (true) {
                    spendTwice(table.nodes[3], table.nodes[4])
                    delay(100)
                }
            }
            until("the verdict") { seen.any { it is Event.Convicted } }
            val proof = seen.filterIsInstance<Event.Misbehaviour>().first()
            assertEquals(3.toUByte(), proof.seat)
            assertTrue(proof.evidence.size > 128)
            until("its seat") { table.nodes[0].table.value!!.seats[3].standing is Standing.Convicted }
            betting.cancel()
            watching.cancel()
        }
    }

    @Test
    fun `reopened from disk a phone goes on where it was`() = Table.of { table ->
        table.nodes[1].placeBet(PASS, 10u)
        table.nodes[1].close()
        table.nodes[2].placeBet(PASS, 10u)
        val again = table.reopen(1)
        assertEquals(990uL, again.table.value!!.seats[1].stack)
        until("its memory") { again.table.value!!.memory == Memory.Whole }
        again.placeBet(PASS, 10u)
        until("the bets") { again.table.value!!.seats.map { it.stack } == listOf(1000uL, 980uL, 990uL, 1000uL) }
    }

    @Test
    fun `the exported history verifies and a tampered one does not`() = Table.of { table ->
        table.nodes[1].placeBet(PASS, 10u)
        val history = table.nodes[1].native.exportHistory()
        val summary = verifyHistory(history)
        assertEquals(1.toUByte(), summary.closedBy)
        assertEquals(Pair(990uL, 10uL), summary.lines[1].run { Pair(stack, layout) })
        for (at in listOf(0, history.size / 2, history.size - 1)) {
            val tampered = history.clone().also { it[at] = (it[at].toInt() xor 1).toByte() }
            assertThrows(NodeException.History::class.java) { verifyHistory(tampered) }
        }
    }

    @Test
    fun `cancelling a wait loses nothing`() = Table.of { table ->
        val (seen, watching) = watch(table.nodes[1])
        val wait = launch(start = CoroutineStart.UNDISPATCHED) { table.nodes[1].placeBet(PASS, 10u) }
        wait.cancelAndJoin()
        until("the bet") { table.nodes[1].table.value!!.seats[1].stack == 990uL }
        until("the event") { seen.any { it is Event.Committed } }
        assertTrue(table.nodes[1].placeBet(PASS, 10u).sequence > 0u)
        watching.cancel()
    }

    @Test
    fun `two threads may bet at once`() = Table.of { table ->
        val node = table.nodes[0]
        val (seen, watching) = watch(node)
        val requests = ConcurrentLinkedQueue<ULong>()
        List(2) { thread { repeat(8) { requests.add(node.native.placeBet(PASS, 5u)) } } }.forEach { it.join() }
        assertEquals(16, requests.toSet().size)
        // What was commanded below the wrapper goes out with its next one.
        node.placeBet(PASS, 5u)
        until("all answers") { seen.filterIsInstance<Event.Committed>().map { it.request }.containsAll(requests) }
        until("all bets") { node.table.value!!.seats[0].stack == 1000uL - 17uL * 5uL }
        watching.cancel()
    }

    /**
     * Different bets under one number, at the same time: of a number that is decided before its other bet is heard no
     * proof is left. Each phone counts its own commands, so the one that is behind bets until it is not.
     */
    private fun CoroutineScope.spendTwice(one: CrapsNode, other: CrapsNode) {
        try {
            var first = one.native.placeBet(PASS, 5u)
            var second = other.native.placeBet(PASS, 10u)
            while (first < second) first = one.native.placeBet(PASS, 5u)
            while (second < first) second = other.native.placeBet(PASS, 10u)
        } catch (_: NodeException.Busy) {
            // Too many of them wait by now.
        }
        // What was commanded below the wrapper goes out with its next one.
        launch { runCatching { one.placeBet(PASS, 5u) } }
        launch { runCatching { other.placeBet(PASS, 10u) } }
    }

    private suspend fun rejection(call: suspend () -> Unit): String = try {
        call()
        fail("it was not refused")
    } catch (refusal: BetRejected) {
        refusal.message!!
    }
}

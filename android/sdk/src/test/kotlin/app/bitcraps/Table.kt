package app.bitcraps

import app.bitcraps.node.Event
import app.bitcraps.node.NodeConfig
import app.bitcraps.node.presetRules
import app.bitcraps.node.tableCard
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Job
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.coroutines.yield
import java.io.File
import java.nio.file.Files
import java.util.concurrent.CopyOnWriteArrayList
import kotlin.time.TimeSource

/** Nothing here takes longer on a machine that works. */
const val PATIENCE_MS = 180_000L

/** Phones in one room, seated and linked, as every test needs them. */
class Table(private val folder: File, private val room: Room, val nodes: MutableList<CrapsNode>) {
    val names get() = NAMES.take(nodes.size)

    /** Opens one more phone. */
    fun add() = CrapsNode(config(nodes.size, nodes.size), room.radio()).also { nodes.add(it) }

    private fun config(phone: Int, seed: Int) = NodeConfig(File(folder, "$phone").path, ByteArray(32) { (seed + 1).toByte() })

    /** Opens a phone that was closed again, from its folder. */
    fun reopen(phone: Int) = CrapsNode(config(phone, phone), room.radio()).also { nodes[phone] = it }

    companion object {
        const val PHONES = 4
        val NAMES = listOf("Ana", "Ben", "Cleo", "Dan")

        fun of(
            seeds: List<Int> = List(PHONES) { it },
            walls: List<Pair<Int, Int>> = emptyList(),
            test: suspend CoroutineScope.(Table) -> Unit,
        ) = inRoom { table ->
            val radios = seeds.map { table.room.radio() }
            for ((one, other) in walls) table.room.separate(radios[one], radios[other])
            seeds.forEachIndexed { at, seed -> table.nodes.add(CrapsNode(table.config(at, seed), radios[at])) }
            val keys = table.nodes.take(PHONES).map { it.native.publicKey() }
            val card = tableCard(presetRules("friendly"), keys)
            table.nodes.forEach { it.takeSeat(card, isNew = true) }
            until("links") { walls.isNotEmpty() || table.nodes.all { it.quorum()?.reachable?.size == PHONES } }
            until("the key of the dice") { walls.isNotEmpty() || table.nodes.all { it.table.value!!.dice.hasKey } }
            test(table)
        }

        /** A host and its guests, all of them on everybody's list, and the invites that they came with. */
        fun lobby(phones: Int, test: suspend CoroutineScope.(Table, List<String>) -> Unit) = inRoom { table ->
            repeat(phones) { table.add() }
            table.nodes[0].hostTable(NAMES[0], presetRules("friendly"))
            val invites = table.nodes.drop(1).map { table.nodes[0].invite(60u) }
            for ((at, invite) in invites.withIndex()) {
                // One after the other: seats go to whoever comes first.
                table.nodes[at + 1].joinTable(NAMES[at + 1], invite)
                until("the host's list") { table.nodes[0].guests() == NAMES.take(at + 2) }
            }
            until("the lists") { table.nodes.all { it.guests() == table.names } }
            test(table, invites)
        }

        private fun inRoom(test: suspend CoroutineScope.(Table) -> Unit) = runBlocking {
            val table = Table(Files.createTempDirectory("bitcraps").toFile(), Room(), ArrayList())
            try {
                // What is waited for otherwise says what it is.
                withTimeout(2 * PATIENCE_MS) { test(table) }
            } finally {
                table.nodes.forEach { it.close() }
                table.folder.deleteRecursively()
            }
        }
    }
}

fun CrapsNode.guests(): List<String> = lobby.value?.guests.orEmpty().map { it.name }

suspend fun until(what: String, holds: () -> Boolean) {
    val started = TimeSource.Monotonic.markNow()
    while (!holds()) {
        check(started.elapsedNow().inWholeMilliseconds < PATIENCE_MS) { "waited for $what in vain" }
        delay(5)
    }
}

/** Collects a node's events from now on. */
suspend fun CoroutineScope.watch(node: CrapsNode): Pair<List<Event>, Job> {
    val seen = CopyOnWriteArrayList<Event>()
    val watching = launch { node.events.collect { seen.add(it) } }
    yield()
    return Pair(seen, watching)
}

package app.bitcraps

import app.bitcraps.node.BetKind
import app.bitcraps.node.Event
import app.bitcraps.node.LobbyEvent
import app.bitcraps.node.NodeException
import app.bitcraps.node.presetRules
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

/** From invites to a table. */
class LobbyTest {
    @Test
    fun `guests that were invited sign a table and play at it`() = Table.lobby(4) { table, _ ->
        val (seen, watching) = watch(table.nodes[3])
        assertNull(table.nodes[3].table.value)
        assertFalse(table.nodes[3].lobby.value!!.isHost)
        table.nodes[0].proposeTable()
        until("the proposal") { table.nodes.all { it.lobby.value!!.isProposed } }
        assertEquals(presetRules("friendly"), table.nodes[3].lobby.value!!.rules)
        table.nodes.drop(1).forEach { it.answerProposal(signs = true) }
        until("the key of the dice") { table.nodes.all { it.table.value?.dice?.hasKey == true } }
        assertEquals(listOf<UByte>(3u), seen.filterIsInstance<Event.Founded>().map { it.seat })
        assertTrue(seen.any { it is Event.Lobby && it.event is LobbyEvent.Proposed })
        assertEquals(table.names, table.nodes[2].table.value!!.seats.map { it.name })
        assertTrue(table.nodes[3].placeBet(BetKind.PassLine, 10u).sequence > 0u)
        until("all phones") { table.nodes.all { it.table.value!!.seats[3].stack == 990uL } }
        watching.cancel()
    }

    @Test
    fun `a copied or damaged invite is refused with the reason`() = Table.lobby(2) { table, invites ->
        val copy = table.add()
        val (seen, watching) = watch(copy)
        val misread = invites[0].replaceRange(100, 101, if (invites[0][100] == 'A') "B" else "A")
        val damaged = assertThrows(NodeException.Invite::class.java) { copy.joinTable("Eve", misread) }
        assertTrue("scan it again" in damaged.message.orEmpty(), "$damaged")
        copy.joinTable("Eve", invites[0])
        val refusals = { seen.mapNotNull { ((it as? Event.Lobby)?.event as? LobbyEvent.NotAdmitted)?.reason } }
        until("the refusal") { refusals().isNotEmpty() }
        assertTrue("somebody else" in refusals().first(), refusals().first())
        assertEquals(listOf("Ana", "Ben"), table.nodes[0].guests())
        watching.cancel()
    }

    @Test
    fun `who declines is off the list and only the host proposes`() = Table.lobby(3) { table, _ ->
        val refused = assertThrows(NodeException.Lobby::class.java) { table.nodes[1].proposeTable() }
        assertTrue("only the host" in refused.message.orEmpty(), "$refused")
        table.nodes[0].proposeTable()
        until("the proposal") { table.nodes[1].lobby.value!!.isProposed }
        table.nodes[1].answerProposal(signs = false)
        until("the list without it") { table.nodes[2].guests() == listOf("Ana", "Cleo") }
    }
}

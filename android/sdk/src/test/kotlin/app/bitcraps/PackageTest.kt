package app.bitcraps

import app.bitcraps.node.BetKind
import app.bitcraps.node.GameNode
import app.bitcraps.node.NodeConfig
import app.bitcraps.node.NodeException
import app.bitcraps.node.betCatalogue
import app.bitcraps.node.betKind
import app.bitcraps.node.presetRules
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.PrintStream
import sample.sevenOut

/** What needs no test table: the catalogue, how errors read, the sample, and the two builds of one source tree. */
class PackageTest {
    @TempDir lateinit var folder: File

    @Test
    fun `the catalogue has every bet with its price`() {
        val facts = betCatalogue(presetRules("reference")).associateBy { it.id }
        assertTrue(facts.size > 100)
        val six = facts.getValue("place-6")
        assertEquals(BetKind.Place(6u), six.kind)
        assertEquals(six.kind, betKind("place-6"))
        assertEquals(Triple("7:6", 6uL, "1/66"), Triple(six.pays, six.unit, six.edge))
    }

    @Test
    fun `errors say what to do`() {
        val seed = assertThrows(NodeException.IdentitySeed::class.java) {
            GameNode.open(NodeConfig(folder.path, ByteArray(3)))
        }
        assertTrue("must have 32 bytes and has 3" in seed.message.orEmpty(), "$seed")
        val node = GameNode.open(NodeConfig(folder.path, ByteArray(32)))
        val away = assertThrows(NodeException.NoTable::class.java) { node.roll() }
        assertTrue("take a seat first" in away.message.orEmpty(), "$away")
        node.shutdown()
        assertThrows(NodeException.Closed::class.java) { node.wake() }
    }

    @Test
    fun `the sample plays to a seven-out`() {
        val printed = ByteArrayOutputStream()
        val console = System.out
        System.setOut(PrintStream(printed, true))
        try {
            sevenOut(folder)
        } finally {
            System.setOut(console)
        }
        assertTrue("Seven out!" in printed.toString(), printed.toString())
    }

    @Test
    fun `the POM and the version catalogue agree`() {
        val versions = File("../gradle/libs.versions.toml").readLines().mapNotNull { line ->
            Regex("(\\w+) = \"([^\"]+)\"").matchEntire(line)?.destructured?.toList()
        }
        val pom = File("pom.xml").readText()
        assertTrue(versions.size >= 4, "$versions")
        for ((name, version) in versions) assertTrue("<$name.version>$version</$name.version>" in pom, "$name $version")
    }
}

package app.bitcraps

import app.bitcraps.node.LinkLoss
import app.bitcraps.node.LinkRole

/** A radio in memory: phones of one process hear each other as they would over the air. */
class Room {
    private val radios = ArrayList<MemoryRadio>()
    private val links = HashMap<ULong, Pair<MemoryRadio, MemoryRadio>>()
    private val walls = HashSet<Set<Radio>>()
    private var lastLink = 0uL

    @Synchronized
    fun radio(): Radio = MemoryRadio(radios.size).also { radios.add(it) }

    /** Puts a wall between two radios: they never see each other. */
    @Synchronized
    fun separate(one: Radio, other: Radio) {
        walls.add(setOf(one, other))
    }

    /** One phone's radio. */
    private inner class MemoryRadio(private val handle: Int) : Radio {
        lateinit var listener: Radio.Listener
        var isAdvertising = false
        var isScanning = false

        override fun start(listener: Radio.Listener) {
            this.listener = listener
            listener.onState(true)
        }

        override fun advertise(on: Boolean) = inRoom { isAdvertising = on }

        /** Whoever scans sees whoever advertises. */
        override fun scan(on: Boolean) = inRoom {
            isScanning = on
            for (other in radios) {
                if (!on || other === this || setOf<Radio>(this, other) in walls) continue
                if (other.isAdvertising) listener.onDiscovered(other.handle.toULong(), RSSI)
                if (other.isScanning && isAdvertising) other.listener.onDiscovered(handle.toULong(), RSSI)
            }
        }

        override fun connect(handle: ULong) = inRoom {
            val other = radios[handle.toInt()]
            val link = ++lastLink
            if (other.isAdvertising) {
                links[link] = Pair(this, other)
                listener.onUp(link, LinkRole.CENTRAL, MTU)
                other.listener.onUp(link, LinkRole.PERIPHERAL, MTU)
            } else {
                listener.onDown(link, LinkLoss.CONNECT_FAILED)
            }
        }

        override fun disconnect(link: ULong) = inRoom {
            for (end in links.remove(link)?.toList().orEmpty()) {
                end.listener.onDown(link, if (end === this) LinkLoss.LOCAL else LinkLoss.REMOTE)
            }
        }

        override fun send(link: ULong, chunk: ByteArray) = inRoom {
            for (end in links[link]?.toList().orEmpty()) {
                if (end === this) end.listener.onWritable(link) else end.listener.onReceived(link, chunk)
            }
        }

        override fun stop() = inRoom {
            isAdvertising = false
            isScanning = false
            links.filterValues { this in it.toList() }.keys.toList().forEach(::disconnect)
        }
    }

    private fun inRoom(call: () -> Unit) = synchronized(this) { call() }

    private companion object {
        const val RSSI: Byte = -50
        const val MTU: UShort = 185u
    }
}

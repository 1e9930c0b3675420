package app.bitcraps

import app.bitcraps.node.LinkLoss
import app.bitcraps.node.LinkRole

/** What a radio does. [send] takes one chunk; [Listener.onWritable] says that it has left. */
interface Radio {
    fun start(listener: Listener)
    fun advertise(on: Boolean)
    fun scan(on: Boolean)
    fun connect(handle: ULong)
    fun disconnect(link: ULong)
    fun send(link: ULong, chunk: ByteArray)
    fun stop()

    /** What a radio reports. From any thread. */
    interface Listener {
        fun onState(isOn: Boolean)
        fun onDiscovered(handle: ULong, rssi: Byte)
        fun onUp(link: ULong, role: LinkRole, mtu: UShort)
        fun onDown(link: ULong, reason: LinkLoss)
        fun onReceived(link: ULong, chunk: ByteArray)
        fun onWritable(link: ULong)
    }
}

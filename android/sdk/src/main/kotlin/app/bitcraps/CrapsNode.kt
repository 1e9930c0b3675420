package app.bitcraps

import app.bitcraps.node.BetKind
import app.bitcraps.node.Event
import app.bitcraps.node.GameNode
import app.bitcraps.node.LinkLoss
import app.bitcraps.node.LinkRole
import app.bitcraps.node.LobbyView
import app.bitcraps.node.NodeConfig
import app.bitcraps.node.NodeException
import app.bitcraps.node.Output
import app.bitcraps.node.QuorumView
import app.bitcraps.node.TableRules
import app.bitcraps.node.TableView
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineDispatcher
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.async
import kotlinx.coroutines.cancel
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.asSharedFlow
import kotlinx.coroutines.flow.asStateFlow
import kotlinx.coroutines.launch

/** The table refused a command, on every phone alike. The text says why. */
class BetRejected(reason: String) : Exception(reason)

/** The slot in which a command took effect. */
data class Receipt(val sequence: ULong)

/**
 * One phone: the polled node as Kotlin likes it.
 *
 * Everything happens on one thread at a time of [dispatcher]; a radio may call its listener from any thread.
 */
@OptIn(ExperimentalCoroutinesApi::class)
class CrapsNode(
    config: NodeConfig,
    private val radio: Radio,
    dispatcher: CoroutineDispatcher = Dispatchers.Default.limitedParallelism(1),
) : Radio.Listener, AutoCloseable {
    /** Everything below this wrapper. Commands given here are answered in [events] only. */
    val native: GameNode = GameNode.open(config)

    private val scope = CoroutineScope(SupervisorJob() + dispatcher)
    private val told = MutableSharedFlow<Event>(0, EVENTS_MAX, BufferOverflow.DROP_OLDEST)
    private val shown = MutableStateFlow(native.table())
    private val gathered = MutableStateFlow<LobbyView?>(null)
    private val broken = MutableStateFlow<NodeException?>(null)
    private val answers = HashMap<ULong, CompletableDeferred<Receipt>>()
    private var wake: Job? = null

    /** What happened since the last look at the table. */
    private val news = ArrayDeque<Event>()

    /** In a lobby or at a table. */
    @Volatile private var isPresent = native.table() != null

    /** What happens, from now on. A reader that falls [EVENTS_MAX] behind misses the oldest. */
    val events: SharedFlow<Event> = told.asSharedFlow()

    /** The table, after every change. */
    val table: StateFlow<TableView?> = shown.asStateFlow()

    /** The lobby, while there is one, after every change. */
    val lobby: StateFlow<LobbyView?> = gathered.asStateFlow()

    /** Why the node stopped, if it did: a failed write, most likely. Open it again then. */
    val failure: StateFlow<NodeException?> = broken.asStateFlow()

    init {
        radio.start(this)
    }

    /** Opens a lobby as its host; what happens there comes as [Event.Lobby], and [Event.Founded] at its end. */
    fun hostTable(name: String, rules: TableRules) = enter { native.hostTable(name, rules) }

    /** Enters the lobby that an invite is for. */
    fun joinTable(name: String, invite: String) = enter { native.joinTable(name, invite) }

    /** The text of a QR code that lets one guest in. The host's. */
    fun invite(minutes: UInt): String = native.invite(minutes)

    /** Asks everybody on the list to sign. The host's. */
    fun proposeTable() = andSend { native.proposeTable() }

    /** Asks nobody any more. The host's. */
    fun reopenLobby() = andSend { native.reopenLobby() }

    /** Takes a guest off the list. The host's. */
    fun removeGuest(publicKey: ByteArray) = andSend { native.removeGuest(publicKey) }

    /** Signs what is proposed, or is off the list. */
    fun answerProposal(signs: Boolean) = andSend { native.answerProposal(signs) }

    /** Sits down. [isNew] only if the card was made a moment ago; see [GameNode.takeSeat]. */
    fun takeSeat(card: ByteArray, isNew: Boolean) = enter { native.takeSeat(card, isNew) }

    fun quorum(): QuorumView? = native.quorum()

    /** Suspends until the table took the bet. Cancelling it cancels only the wait. */
    suspend fun placeBet(kind: BetKind, chips: ULong): Receipt = answered { native.placeBet(kind, chips) }

    suspend fun removeBet(kind: BetKind): Receipt = answered { native.removeBet(kind) }

    /** Suspends until the bets are closed; the dice come as [Event.Rolled]. */
    suspend fun roll(): Receipt = answered { native.roll() }

    /** What became of a command of [native]; [BetRejected] if it was refused. */
    suspend fun answered(command: () -> ULong): Receipt {
        // On the node's own thread, so that no answer comes before somebody waits for it.
        val sent = scope.async { CompletableDeferred<Receipt>().also { answers[command()] = it } }
        // Sent even if nobody waits any more by then.
        sent.invokeOnCompletion { onNode {} }
        return sent.await().await()
    }

    /** Stops the radio and closes the files; everything is on disk. */
    override fun close() {
        scope.cancel()
        radio.stop()
        native.shutdown()
        answers.values.forEach { it.cancel() }
    }

    override fun onState(isOn: Boolean) = onNode { native.radioState(isOn) }

    override fun onDiscovered(handle: ULong, rssi: Byte) = onNode { native.discovered(handle, rssi, null) }

    override fun onUp(link: ULong, role: LinkRole, mtu: UShort) = onNode { native.linkUp(link, role, mtu) }

    override fun onDown(link: ULong, reason: LinkLoss) = onNode { native.linkDown(link, reason) }

    override fun onReceived(link: ULong, chunk: ByteArray) = onNode { native.linkReceived(link, chunk) }

    override fun onWritable(link: ULong) = onNode { native.linkWritable(link) }

    /** A radio starts before there is a lobby or a seat: what it says then is said again. */
    private fun enter(call: () -> Unit) {
        call()
        isPresent = true
        look()
        onState(true)
    }

    private fun andSend(call: () -> Unit) {
        call()
        onNode {}
    }

    private fun onNode(call: () -> Unit) {
        scope.launch {
            if (broken.value != null || !isPresent) return@launch
            val error = try {
                call()
                pump()
                null
            } catch (error: NodeException) {
                error
            }
            // Dice fall between slots too, so any event may have changed the table. It is shown first: whoever hears of
            // something, or waited for it, sees what it led to.
            if (news.isNotEmpty() && error == null) look()
            while (news.isNotEmpty()) tell(news.removeFirst())
            if (error != null) {
                broken.value = error
                answers.values.forEach { it.completeExceptionally(error) }
            }
        }
    }

    private fun pump() {
        while (true) {
            when (val output = native.pollOutput()) {
                is Output.Transmit -> radio.send(output.link, output.chunk)
                is Output.Event -> news.add(output.event)
                is Output.Connect -> radio.connect(output.handle)
                is Output.Disconnect -> radio.disconnect(output.link)
                is Output.Advertise -> radio.advertise(output.on)
                is Output.Scan -> radio.scan(output.on)
                is Output.Idle -> return sleep(output.wakeAfterMs)
            }
        }
    }

    private fun sleep(wakeAfterMs: ULong?) {
        wake?.cancel()
        wake = wakeAfterMs?.let {
            scope.launch {
                delay(it.toLong())
                onNode { native.wake() }
            }
        }
    }

    /** One look at a time, or an older one could be shown last. */
    @Synchronized
    private fun look() {
        shown.value = native.table()
        gathered.value = native.lobby()
    }

    private fun tell(event: Event) {
        when (event) {
            is Event.Committed -> answers.remove(event.request)?.complete(Receipt(event.sequence))
            is Event.Rejected -> answers.remove(event.request)?.completeExceptionally(BetRejected(event.reason))
            is Event.Overtaken -> answers.remove(event.request)?.completeExceptionally(BetRejected(AWAY))
            else -> {}
        }
        told.tryEmit(event)
    }

    companion object {
        /** How many events wait for a slow reader. */
        const val EVENTS_MAX = 4096
        private const val AWAY = "this phone was away; look at the table"
    }
}

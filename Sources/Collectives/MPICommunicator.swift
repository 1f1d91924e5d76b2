// Messages carried by MPI. The thread that makes the object makes all calls, which is all that
// MPI_THREAD_FUNNELED requires, and every library offers that.

/// The processes that a launcher started, connected by MPI.
final class MPICommunicator: Communicator {
    let rank: Int
    let processCount: Int
    var name: String { library.version }
    private let library: MPILibrary

    /// Connects with the other processes.
    /// - Throws: ``CollectiveError``.
    init(_ library: MPILibrary, _ launcher: Launcher) throws {
        try library.require(launcher)
        self.library = library
        var provided: CInt = 0
        let required = library.constants.threadFunneled
        try Self.check(library, "MPI_Init_thread", library.initThread(0, 0, required, &provided))
        guard provided >= required else {
            throw CollectiveError.noThreads(library: library.version)
        }
        let world = library.constants.world
        // MPI's default is to end the program; here errors are thrown, as one sentence.
        let status = library.setErrorHandler(world, library.constants.errorsReturn)
        try Self.check(library, "MPI_Comm_set_errhandler", status)
        var (rank, size): (CInt, CInt) = (0, 0)
        try Self.check(library, "MPI_Comm_rank", library.commRank(world, &rank))
        try Self.check(library, "MPI_Comm_size", library.commSize(world, &size))
        (self.rank, processCount) = (Int(rank), Int(size))
        guard processCount == launcher.processCount else {
            _ = library.finalize()
            throw CollectiveError.launcherMismatch(
                launcher: launcher.name,
                launched: launcher.processCount,
                library: library.version,
                found: processCount
            )
        }
    }

    func begin(_ messages: [Message], tag: Int) throws -> any PendingMessages {
        let pending = MPIPendingMessages(library, count: messages.count)
        for (index, message) in messages.enumerated() {
            try pending.begin(message, at: index, tag: CInt(tag))
        }
        return pending
    }

    func close() { _ = library.finalize() }

    func abort(status: Int32) { _ = library.abort(library.constants.world, status) }

    /// - Throws: ``CollectiveError/callFailed(call:reason:)`` for any status but success.
    fileprivate static func check(
        _ library: MPILibrary,
        _ call: String,
        _ status: MPILibrary.Status
    ) throws {
        if status == 0 { return }
        let reason = MPILibrary.text(ofAtMost: 1024) { library.errorString(status, $0, $1) }
        throw CollectiveError.callFailed(
            call: call,
            reason: reason.isEmpty ? "error \(status)" : reason
        )
    }
}

/// Requests of MPI.
private final class MPIPendingMessages: PendingMessages {
    private let library: MPILibrary
    /// MPI keeps the addresses of requests only during a call, but a request must stay where MPI
    /// left it; an int takes the low half of a slot.
    private let requests: UnsafeMutableBufferPointer<MPILibrary.Handle>
    private var doneCount = 0

    init(_ library: MPILibrary, count: Int) {
        self.library = library
        requests = .allocate(capacity: count)
        requests.initialize(repeating: 0)
    }

    deinit { requests.deallocate() }

    func begin(_ message: Message, at index: Int, tag: CInt) throws {
        guard let request = requests.baseAddress.map({ $0 + index }) else { return }
        let (count, peer) = (CInt(message.bytes.count), CInt(message.peer))
        let (type, world) = (library.constants.byte, library.constants.world)
        let bytes = message.bytes.baseAddress
        switch message.direction {
        case .sending:
            let status = library.isend(bytes, count, type, peer, tag, world, request)
            try MPICommunicator.check(library, "MPI_Isend", status)
        case .receiving:
            let status = library.irecv(bytes, count, type, peer, tag, world, request)
            try MPICommunicator.check(library, "MPI_Irecv", status)
        }
    }

    func areDone() throws -> Bool {
        while doneCount < requests.count, let request = requests.baseAddress {
            var isDone: CInt = 0
            let status = library.test(
                request + doneCount,
                &isDone,
                library.constants.statusIgnore
            )
            try MPICommunicator.check(library, "MPI_Test", status)
            if isDone == 0 { return false }
            doneCount += 1
        }
        return true
    }
}

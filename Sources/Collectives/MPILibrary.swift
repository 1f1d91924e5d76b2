// An MPI library, opened at run time, so that no MPI is needed to build the program or to train
// without one. Libraries differ in what their handles are: addresses of their own objects in Open
// MPI, numbers in MPICH and in the standard ABI (MPI 5.0, chapter 20). Apart from that, the few
// functions called here have the same signature in all of them.

#if canImport(Glibc)
    @preconcurrency import Glibc
#elseif canImport(Musl)
    @preconcurrency import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The functions of an MPI library, and the handles that they take.
package struct MPILibrary {
    /// The environment variable that names a library to open instead of the known ones.
    package static let pathVariable = "SWIFTLET_MPI"

    /// A handle as it is passed: an address, or an int in the low half.
    ///
    /// A callee that takes an int reads the low half of the register or stack slot on every system
    /// that we run on, so one signature serves both kinds.
    typealias Handle = UInt
    typealias Status = CInt

    /// What a library's handles are.
    enum Kind {
        case openMPI, mpich, standard
    }

    /// The handles and numbers that calls take.
    struct Constants {
        let world: Handle
        let byte: Handle
        let errorsReturn: Handle
        let statusIgnore: UInt
        let threadFunneled: CInt
    }

    let kind: Kind
    /// The name it was opened by.
    package let path: String
    /// What it calls itself, such as "Open MPI 4.1.4".
    package let version: String
    let constants: Constants

    let initThread: @convention(c) (UInt, UInt, CInt, UnsafeMutablePointer<CInt>) -> Status
    let finalize: @convention(c) () -> Status
    let abort: @convention(c) (Handle, CInt) -> Status
    let commRank: @convention(c) (Handle, UnsafeMutablePointer<CInt>) -> Status
    let commSize: @convention(c) (Handle, UnsafeMutablePointer<CInt>) -> Status
    let setErrorHandler: @convention(c) (Handle, Handle) -> Status
    let errorString:
        @convention(c) (CInt, UnsafeMutablePointer<CChar>, UnsafeMutablePointer<CInt>) -> Status
    let isend:
        @convention(c) (
            UnsafeRawPointer?, CInt, Handle, CInt, CInt, Handle, UnsafeMutablePointer<Handle>
        ) -> Status
    let irecv:
        @convention(c) (
            UnsafeMutableRawPointer?, CInt, Handle, CInt, CInt, Handle, UnsafeMutablePointer<Handle>
        ) -> Status
    let test:
        @convention(c) (UnsafeMutablePointer<Handle>, UnsafeMutablePointer<CInt>, UInt) -> Status

    /// Opens the library that goes with a launcher.
    /// - Throws: ``CollectiveError/noLibrary(launcher:reasons:)`` or
    ///   ``CollectiveError/foreignLibrary(path:found:)``.
    static func open(for launcher: Launcher) throws -> MPILibrary {
        var reasons: [String] = []
        for name in named.map({ [$0] }) ?? names(for: launcher.kind) {
            // Open MPI's plug-ins look for its symbols in the program.
            if let handle = dlopen(name, RTLD_NOW | RTLD_GLOBAL) {
                return try MPILibrary(handle, path: name)
            }
            reasons.append(dlerror().map { String(cString: $0) } ?? "'\(name)' cannot be opened")
        }
        throw CollectiveError.noLibrary(launcher: launcher.name, reasons: reasons)
    }

    /// The libraries that can be opened on this machine.
    package static func installed() -> [MPILibrary] {
        let names = named.map { [$0] } ?? openMPINames + mpichNames + standardNames
        var versions: Set<String> = []
        return names.compactMap { name in
            dlopen(name, RTLD_NOW | RTLD_LOCAL).flatMap { try? MPILibrary($0, path: name) }
        }.filter { versions.insert("\($0.kind) \($0.version)").inserted }
    }

    /// Checks that the library and the launcher can belong to the same MPI.
    /// - Throws: ``CollectiveError/launcherMismatch(launcher:launched:library:found:)``.
    func require(_ launcher: Launcher) throws {
        // Every process would start, but alone.
        guard launcher.kind == .openMPI, kind == .mpich else { return }
        throw CollectiveError.launcherMismatch(
            launcher: launcher.name,
            launched: launcher.processCount,
            library: version,
            found: 1
        )
    }

    private static var named: String? {
        getenv(pathVariable).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    private static let openMPINames = ["libmpi.so.40"]
    private static let mpichNames = ["libmpich.so.12", "libmpi.so.12"]
    private static let standardNames = ["libmpi_abi.so.1", "libmpi_abi.so.0"]

    private static func names(for kind: Launcher.Kind) -> [String] {
        switch kind {
        case .openMPI: openMPINames + standardNames
        case .pmi: mpichNames + standardNames + openMPINames
        case .pmix, .slurm: openMPINames + mpichNames + standardNames
        }
    }

    /// Finds the functions of an open library.
    private init(_ library: UnsafeMutableRawPointer, path: String) throws {
        func address(_ name: String) throws -> UnsafeMutableRawPointer {
            guard let symbol = dlsym(library, name) else {
                throw CollectiveError.foreignLibrary(path: path, found: "it has no \(name)")
            }
            return symbol
        }
        // The types are those of mpi.h, with handles as `Handle` says.
        func function<Function>(_ name: String, _ type: Function.Type = Function.self) throws
            -> Function
        {
            unsafeBitCast(try address(name), to: type)
        }
        self.path = path
        initThread = try function("MPI_Init_thread")
        finalize = try function("MPI_Finalize")
        abort = try function("MPI_Abort")
        commRank = try function("MPI_Comm_rank")
        commSize = try function("MPI_Comm_size")
        setErrorHandler = try function("MPI_Comm_set_errhandler")
        errorString = try function("MPI_Error_string")
        isend = try function("MPI_Isend")
        irecv = try function("MPI_Irecv")
        test = try function("MPI_Test")

        typealias GetVersion =
            @convention(c) (UnsafeMutablePointer<CChar>, UnsafeMutablePointer<CInt>) -> Status
        let text = Self.text(
            ofAtMost: 8192,
            try function("MPI_Get_library_version", GetVersion.self)
        )
        if dlsym(library, "ompi_mpi_comm_world") != nil {
            kind = .openMPI
            // Each handle is the address of an object of the library.
            constants = Constants(
                world: UInt(bitPattern: try address("ompi_mpi_comm_world")),
                byte: UInt(bitPattern: try address("ompi_mpi_byte")),
                errorsReturn: UInt(bitPattern: try address("ompi_mpi_errors_return")),
                statusIgnore: 0,
                threadFunneled: 1
            )
        } else if Self.hasStandardHandles(library) {
            kind = .standard
            constants = Constants(
                world: 0x101,
                byte: 0x247,
                errorsReturn: 0x143,
                statusIgnore: 0,
                threadFunneled: 1024
            )
        } else if ["MPICH", "Intel(R) MPI", "MVAPICH"].contains(where: text.contains) {
            kind = .mpich
            constants = Constants(
                world: 0x4400_0000,
                byte: 0x4c00_010d,
                errorsReturn: 0x5400_0001,
                statusIgnore: 1,
                threadFunneled: 1
            )
        } else {
            throw CollectiveError.foreignLibrary(path: path, found: "it calls itself '\(text)'")
        }
        version = Self.shortVersion(text)
    }

    /// Whether a library says that it uses the standard's handles.
    ///
    /// MPICH 5 comes with its own handles and with the standard's, and both answer.
    private static func hasStandardHandles(_ library: UnsafeMutableRawPointer) -> Bool {
        typealias GetABI =
            @convention(c) (UnsafeMutablePointer<CInt>, UnsafeMutablePointer<CInt>) -> Status
        guard let symbol = dlsym(library, "MPI_Abi_get_version") else { return false }
        var (major, minor): (CInt, CInt) = (-1, -1)
        let status = unsafeBitCast(symbol, to: GetABI.self)(&major, &minor)
        return status == 0 && major >= 1
    }

    /// What a function writes into a buffer.
    static func text(
        ofAtMost capacity: Int,
        _ write: (UnsafeMutablePointer<CChar>, UnsafeMutablePointer<CInt>) -> Status
    ) -> String {
        var characters = [CChar](repeating: 0, count: capacity + 1)
        var count: CInt = 0
        guard write(&characters, &count) == 0 else { return "" }
        // Not all text is ASCII, and a CChar has a sign on some processors only.
        let bytes = characters.prefix { $0 != 0 }.map(UInt8.init(truncatingIfNeeded:))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// "Open MPI v4.1.4, package: ..." and "MPICH Version:      4.0.2\nMPICH Release..." as a
    /// sentence has them.
    static func shortVersion(_ text: String) -> String {
        let line = text.split(whereSeparator: { $0 == "," || $0.isNewline }).first ?? ""
        let words = line.split(whereSeparator: \.isWhitespace)
            .filter { !["version:", "library"].contains($0.lowercased()) }
            .map { $0.first == "v" && $0.dropFirst().first?.isNumber == true ? $0.dropFirst() : $0 }
        return words.joined(separator: " ")
    }
}

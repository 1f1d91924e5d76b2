import Swiftlet

/// What this machine offers, and which parts are used.
struct MachineInfo: InfoReport {
    let processor: String
    let physicalCores: Int
    /// The processor time that control groups grant; left out when they set no limit.
    let processorQuota: Double?
    let instructionSets: [String]
    let instructionSet: String
    let products: Products
    let threads: Int
    let openmp: Bool
    /// The MPI libraries found, by name; nil if there are none.
    @NullIfMissing private(set) var mpi: String?

    /// The instructions that multiply matrices.
    struct Products: Encodable {
        let float32: String
        let bfloat16: String
        let integers: String

        init(_ products: MatrixProducts) {
            float32 = products.float32
            bfloat16 = products.bfloat16
            integers = products.integers
        }
    }

    /// Looks at the machine, and at the environment variables that make choices.
    init() throws {
        let ops = try Ops()
        processor = Machine.processorName
        physicalCores = Machine.availablePhysicalCores
        processorQuota = Machine.processorQuota
        instructionSets = InstructionSet.available.map(\.rawValue)
        instructionSet = ops.instructionSet.rawValue
        products = Products(ops.instructionSet.products)
        threads = ops.threadCount
        openmp = Machine.hasOpenMP
        let libraries = MPILibrary.installed().map(\.version)
        mpi = libraries.isEmpty ? nil : libraries.joined(separator: ", ")
    }

    var text: String {
        var facts = Table(.left, .left)
        facts.append("processor", processor)
        facts.append("physical cores", "\(physicalCores) available")
        facts.append("instruction sets", instructionSets.joined(separator: ", "))
        facts.append("chosen", instructionSet)
        facts.append("float32 products", products.float32)
        facts.append("bfloat16 products", products.bfloat16)
        facts.append("integer products", products.integers)
        facts.append("threads", threadsText)
        facts.append("OpenMP", openmp ? "on" : "off: kernels use one thread")
        facts.append("MPI", mpi ?? "none found")
        return facts.text
    }

    /// The number of threads, and why it differs from the number of cores.
    private var threadsText: String {
        guard openmp, Machine.requestedThreadCount == nil, threads < physicalCores,
            let processorQuota
        else { return "\(threads)" }
        let quota = NumberText.compact(processorQuota)
        return """
            \(threads) (of \(physicalCores) processors; the control group's quota is \(quota) \
            \(quota == "1" ? "processor" : "processors"))
            """
    }
}

import Swiftlet

/// What this machine offers, and what of it is used.
struct MachineInfo: InfoReport {
    let processor: String
    let physicalCores: Int
    let instructionSets: [String]
    let instructionSet: String
    let threads: Int
    let openmp: Bool

    /// Looks at the machine, and at the environment variables that choose.
    init() throws {
        let ops = try Ops()
        processor = Machine.processorName
        physicalCores = Machine.availablePhysicalCores
        instructionSets = InstructionSet.available.map(\.rawValue)
        instructionSet = ops.instructionSet.rawValue
        threads = ops.threadCount
        openmp = Machine.hasOpenMP
    }

    var text: String {
        var facts = Table(.left, .left)
        facts.append("processor", processor)
        facts.append("physical cores", "\(physicalCores) available")
        facts.append("instruction sets", instructionSets.joined(separator: ", "))
        facts.append("chosen", instructionSet)
        facts.append("threads", "\(threads)")
        facts.append("OpenMP", openmp ? "on" : "off: kernels use one thread")
        return facts.text
    }
}

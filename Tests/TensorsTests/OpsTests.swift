// How operations are set up, and what they refuse. The environment is only changed in separate
// processes (exit tests), because other tests read it at the same time.

import Tensors
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

@Suite struct OpsTests {
    @Test func theReferenceIsAlwaysAvailableAndTheBestIsTheLast() throws {
        let available = InstructionSet.available
        #expect(available.first == .reference)
        #expect(InstructionSet.best == available.last)
        for set in available { #expect(try InstructionSet(named: set.rawValue) == set) }
    }

    @Test func unknownInstructionSetsAreRefusedWithTheAvailableNames() {
        let available = InstructionSet.available.map(\.rawValue)
        for name in ["sse9", "AVX2", ""] {
            let error = TensorError.unavailableInstructionSet(name: name, available: available)
            #expect(throws: error) { try InstructionSet(named: name) }
            #expect(error.description.contains("'\(name)'"))
            #expect(error.description.contains("reference"))
        }
    }

    @Test func instructionSetsOfAnotherProcessorAreRefused() {
        for set in InstructionSet.allCases where !set.isAvailable {
            #expect(throws: TensorError.self) { try InstructionSet(named: set.rawValue) }
            #expect(throws: TensorError.self) { try Ops(instructionSet: set) }
        }
    }

    @Test func fewerThreadsThanOneAreRefused() {
        for count in [0, -1, Int.min] {
            #expect(throws: TensorError.invalidThreadCount(found: count)) {
                try Ops(threadCount: count)
            }
        }
    }

    @Test func absurdlyManyThreadsAreCutDown() throws {
        let ops = try Ops(threadCount: .max)
        #expect(ops.threadCount == (Machine.hasOpenMP ? 256 : 1))
    }

    @Test func theMachineHasAtLeastOneCoreAndAName() {
        #expect(Machine.availablePhysicalCores >= 1)
        #expect(!Machine.processorName.isEmpty)
    }

    @Test func theVariableForcesAnInstructionSet() async {
        await #expect(processExitsWith: .success) {
            setenv("SWIFTLET_ISA", "reference", 1)
            let forced = try Ops().instructionSet
            let asked = try Ops(instructionSet: InstructionSet.best).instructionSet
            exit(forced == .reference && asked == InstructionSet.best ? 0 : 1)
        }
    }

    @Test func aVariableThatNamesNoInstructionSetIsAnError() async {
        await #expect(processExitsWith: .success) {
            setenv("SWIFTLET_ISA", "fast", 1)
            do {
                _ = try Ops()
            } catch TensorError.unavailableInstructionSet(name: "fast", _) {
                exit(0)
            }
            exit(1)
        }
    }

    @Test(.enabled(if: Machine.hasOpenMP, "built without OpenMP"))
    func theVariableSetsTheNumberOfThreads() async {
        await #expect(processExitsWith: .success) {
            func count(_ value: String) -> Int {
                setenv("OMP_NUM_THREADS", value, 1)
                return Machine.defaultThreadCount
            }
            let cores = Machine.usableProcessors
            let asExpected =
                count("5") == 5 && count("3,2") == 3 && count(" 7 ") == 7
                && ["", "0", "-4", "many"].allSatisfy { count($0) == cores }
            exit(asExpected ? 0 : 1)
        }
    }

    @Test func aTensorOfTheWrongShapeStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            let ops = try Ops(instructionSet: .reference, threadCount: 1)
            let (a, b) = (try Tensor(zeros: [3]), try Tensor(zeros: [4]))
            ops.residualForward(out: a, a: a, b: b)
        }
    }

    @Test func aTensorOfTheWrongTypeStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            let ops = try Ops(instructionSet: .reference, threadCount: 1)
            let logits = try Tensor(zeros: [2, 3], elementType: .bfloat16)
            let probs = try Tensor(zeros: [2, 3])
            ops.softmaxForward(probs: probs, logits: logits, vocabularySize: 3)
        }
    }

    @Test func anEmptyMatrixStopsTheProgram() async {
        await #expect(processExitsWith: .trap) {
            let ops = try Ops(threadCount: 1)
            let (out, inp) = (try Tensor(zeros: [2, 3]), try Tensor(zeros: [2, 0]))
            ops.matmulForward(out: out, inp: inp, weight: try Tensor(zeros: [3, 0]))
        }
    }

    @Test func rowsLongerThanReservedStopTheProgram() async {
        await #expect(processExitsWith: .trap) {
            let ops = try Ops(threadCount: 1)
            let (x, c) = (try Tensor(zeros: [1, 5000]), try Tensor(zeros: [5000]))
            let row = try Tensor(zeros: [1])
            ops.layernormForward(out: x, mean: row, rstd: row, inp: x, weight: c, bias: c)
        }
    }

    @Test func reservedRowsMayHaveTheReservedLength() throws {
        let ops = try Ops(threadCount: 2)
        try ops.reserve(channels: 5000)
        let (x, out) = (try Tensor(zeros: [1, 5000]), try Tensor(zeros: [1, 5000]))
        let (c, row) = (try Tensor(zeros: [5000]), try Tensor(zeros: [1]))
        ops.layernormForward(out: out, mean: row, rstd: row, inp: x, weight: c, bias: c)
        #expect(row.floats()[0] == 1 / Float(1e-5).squareRoot())
    }
}

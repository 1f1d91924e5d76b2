// Muon compared with PyTorch's. The fixtures come from scripts/export_muon_fixtures.py.

import Tensors
import Testing

@Suite(.serialized) struct MuonParityTests {
    @Test(arguments: [("wide", [6, 15]), ("tall", [13, 5])], InstructionSet.available)
    func stepsMatchPyTorch(matrix: (name: String, shape: [Int]), isa: InstructionSet) throws {
        let ops = try Ops(instructionSet: isa, threadCount: 2)
        let (name, shape) = matrix
        let tensors = try TrainingFixture.tensors("muon.safetensors")
        let settings = try #require(try TrainingFixture.read().muon["match_rms_adamw"])
        let params = try ops.tensor(try #require(tensors["\(name).initial"]), shape)
        let m = try ops.tensor(shape)
        let working = try ops.tensor(shape, elementType: .bfloat16)
        let workspace = try MuonWorkspace(
            largestCount: params.count,
            largestSide: try #require(shape.min())
        )
        for step in 0..<settings.steps {
            ops.muon(
                params: params,
                grads: try ops.tensor(try #require(tensors["\(name).gradient.\(step)"]), shape),
                m: m,
                working: working,
                workspace: workspace,
                step: MuonStep(
                    learningRate: settings.learningRate,
                    momentum: settings.momentum,
                    weightDecay: settings.weightDecay,
                    gradientScale: 1
                )
            )
        }
        let found = params.floats()
        let expected = try #require(tensors["\(name).match_rms_adamw.float32"])
        let moved = zip(try #require(tensors["\(name).initial"]), expected).map { abs($0 - $1) }
        // Four steps of 0.2 times the rate, 2.4e-3 if all go one way: far above the tolerance.
        #expect(try #require(moved.max()) > 1e-3)
        #expect(found.count == expected.count)
        for (found, expected) in zip(found, expected) { #expect(abs(found - expected) <= 1e-6) }
        let rounded = try ops.convert(working, to: .float32).floats()
        #expect(rounded == found.map { Float(bfloat16Bits: $0.bfloat16Bits) })
    }
}

extension Ops {
    /// A new tensor with these elements.
    fileprivate func tensor(_ elements: [Float], _ shape: [Int]) throws -> Tensor {
        try Tensor(elements, shape: shape)
    }
}

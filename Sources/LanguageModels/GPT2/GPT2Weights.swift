// What the passes of a GPT-2 read: the parameters themselves, or, in training at bfloat16, rounded
// copies of the matrices among them.

import Tensors

/// The sixteen tensors of a model, each with all its layers.
struct GPT2Weights {
    let wte: Tensor  // (Vp, C)
    let wpe: Tensor  // (maxT, C)
    let ln1w: Tensor  // (L, C)
    let ln1b: Tensor  // (L, C)
    let qkvw: Tensor  // (L, 3C, C)
    let qkvb: Tensor  // (L, 3C)
    let attprojw: Tensor  // (L, C, C)
    let attprojb: Tensor  // (L, C)
    let ln2w: Tensor  // (L, C)
    let ln2b: Tensor  // (L, C)
    let fcw: Tensor  // (L, 4C, C)
    let fcb: Tensor  // (L, 4C)
    let fcprojw: Tensor  // (L, C, 4C)
    let fcprojb: Tensor  // (L, C)
    let lnfw: Tensor  // (C)
    let lnfb: Tensor  // (C)

    /// Takes the tensors by their names.
    init(_ tensor: (_ name: String) -> Tensor) {
        wte = tensor("wte")
        wpe = tensor("wpe")
        ln1w = tensor("ln1w")
        ln1b = tensor("ln1b")
        qkvw = tensor("qkvw")
        qkvb = tensor("qkvb")
        attprojw = tensor("attprojw")
        attprojb = tensor("attprojb")
        ln2w = tensor("ln2w")
        ln2b = tensor("ln2b")
        fcw = tensor("fcw")
        fcb = tensor("fcb")
        fcprojw = tensor("fcprojw")
        fcprojb = tensor("fcprojb")
        lnfw = tensor("lnfw")
        lnfb = tensor("lnfb")
    }
}

/// The matrices and embeddings of a model, rounded to bfloat16: what training multiplies with then.
///
/// The optimiser writes them anew with every update.
/// Biases and the weights of layer normalisations, a thousandth of all, are used as they are.
public struct GPT2WorkingWeights {
    private let set: TensorSet

    /// Allocates memory; ``round(_:ops:)`` fills it.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    init(_ configuration: GPT2Configuration, ops: Ops) throws {
        set = try ops.allocate(Self.layout(configuration))
    }

    /// The tensors that weight decay applies to are the matrices and the embeddings.
    private static func layout(_ configuration: GPT2Configuration) -> TensorLayout {
        let matrices = configuration.parameterLayout.specifications.filter(\.decays)
        return TensorLayout(
            matrices.map { TensorSpecification($0.name, $0.shape, elementType: .bfloat16) },
            alignment: 64
        )
    }

    /// Bytes that they take.
    package static func byteCount(_ configuration: GPT2Configuration) -> Int {
        layout(configuration).byteCount
    }

    /// The rounded copy of a parameter, or nil when it is used as it is.
    public func tensor(_ name: String) -> Tensor? {
        let index = set.layout.specifications.firstIndex { $0.name == name }
        return index.map { set.tensors[$0] }
    }

    /// Rounds all matrices of `parameters`.
    func round(_ parameters: GPT2Parameters, ops: Ops) {
        for (specification, tensor) in zip(set.layout.specifications, set.tensors) {
            ops.roundToBFloat16(tensor, from: parameters.set[specification.name])
        }
    }
}

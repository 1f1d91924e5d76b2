// The tensors of a GPT-2 by name: weights as passes read them, or the gradients that they write.
// Which of them are matrices is said here, and nowhere else.

import Tensors

/// The sixteen kinds of tensor of a model.
struct GPT2Tensors {
    let wte: Tensor  // (Vp, C)
    let wpe: Tensor  // (maxT, C)
    let ln1w: LayerTensors  // (C)
    let ln1b: LayerTensors  // (C)
    let qkvw: LayerTensors  // (3C, C)
    let qkvb: LayerTensors  // (3C)
    let attprojw: LayerTensors  // (C, C)
    let attprojb: LayerTensors  // (C)
    let ln2w: LayerTensors  // (C)
    let ln2b: LayerTensors  // (C)
    let fcw: LayerTensors  // (4C, C)
    let fcb: LayerTensors  // (4C)
    let fcprojw: LayerTensors  // (C, 4C)
    let fcprojb: LayerTensors  // (C)
    let lnfw: Tensor  // (C)
    let lnfb: Tensor  // (C)

    /// The weights that activations are multiplied by.
    ///
    /// Their gradients are products, too, and written as a whole; those of others are added to.
    static let factors: Set = ["wte", "qkvw", "attprojw", "fcw", "fcprojw"]

    /// The matrices: they decay, and passes at bfloat16 read them rounded.
    static let matrices: Set = factors.union(["wpe"])

    /// Takes the tensors by their names.
    init(_ source: TensorSource) {
        wte = source.tensor("wte")
        wpe = source.tensor("wpe")
        ln1w = source.layers("ln1w")
        ln1b = source.layers("ln1b")
        qkvw = source.layers("qkvw")
        qkvb = source.layers("qkvb")
        attprojw = source.layers("attprojw")
        attprojb = source.layers("attprojb")
        ln2w = source.layers("ln2w")
        ln2b = source.layers("ln2b")
        fcw = source.layers("fcw")
        fcb = source.layers("fcb")
        fcprojw = source.layers("fcprojw")
        fcprojb = source.layers("fcprojb")
        lnfw = source.tensor("lnfw")
        lnfb = source.tensor("lnfb")
    }
}

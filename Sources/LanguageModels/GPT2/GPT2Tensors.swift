// The tensors of a GPT-2 by name: weights as passes read them, or the gradients that they write.
// Which of them are matrices is said here, and nowhere else.

import Tensors

/// The sixteen tensors of a model, each with all its layers.
struct GPT2Tensors {
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

    /// The weights that activations are multiplied with.
    ///
    /// Their gradients are products, too, and written as a whole; those of others are added to.
    static let factors: Set = ["wte", "qkvw", "attprojw", "fcw", "fcprojw"]

    /// The matrices: they decay, and passes at bfloat16 read them rounded.
    static let matrices: Set = factors.union(["wpe"])

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

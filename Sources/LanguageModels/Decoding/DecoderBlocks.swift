// What a family of models defines about its blocks in generation. BlockDecoder.swift puts the parts
// together: it runs the layers, the caches and the hooks.

import Tensors

/// What the blocks of a family compute in generation, and with which weights.
///
/// In every family, a block is attention and then a feed-forward network, each of which adds to the
/// residual stream. The family defines norms, positions, projections and activation functions.
package protocol DecoderBlocks {
    /// The family's sizes.
    associatedtype Configuration: ModelConfiguration
    /// Memory for passes of one shape, besides ``PassRows``.
    associatedtype Workspace

    /// Takes a tensor for each weight: matrices of any type, everything else in float32.
    init(_ configuration: Configuration, weights: TensorSource, ops: Ops)

    /// The tensors of a ``Workspace`` for passes over `N` tokens.
    func workspaceLayout(rowCount N: Int) -> [TensorSpecification]
    /// Takes these tensors, among others, from a set.
    func makeWorkspace(_ set: TensorSet) -> Workspace

    /// Sets the residual to the embeddings of the tokens.
    func embed(_ rows: PassRows, _ own: Workspace)
    /// Normalizes the residual, and computes queries, keys and values from it, with positions if
    /// they are applied there.
    func attentionInputs(block: Int, _ rows: PassRows, _ own: Workspace) -> AttentionColumns
    /// Projects the output of attention, `(n, NH * HS)`, and adds it to the residual: `out` and
    /// `residual` are `(n, C)`.
    func addAttention(block: Int, out: Tensor, atty: Tensor, residual: Tensor)
    /// The activations of the feed-forward network's neurons, `(n, H)`, for the n rows of a
    /// residual: at most as many as the pass has.
    func neurons(block: Int, residual: Tensor, _ rows: PassRows, _ own: Workspace) -> Tensor
    /// Projects the neurons' activations, and adds them to the residual.
    func addNeurons(block: Int, out: Tensor, neurons: Tensor, residual: Tensor)
    /// The last norm and the classifier, for the rows of `residual`.
    func classify(logits: Tensor, residual: Tensor, _ rows: PassRows, _ own: Workspace)
}

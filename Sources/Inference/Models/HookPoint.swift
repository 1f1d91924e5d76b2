// The places in a model's pass that can be looked into, by the names that TransformerLens gave them
// (Nanda and Bloom, 2022), so that what is written about one library can be done with the other.

/// A value that a pass computes and that can be read, and mostly changed, on its way.
///
/// Layers count from 0. N are the tokens computed together, C the width of the residual stream,
/// NH and HS the heads and their size, H the width of the feed-forward network.
public enum HookPoint: Hashable, Sendable {
    /// `(N, C)`: the residual stream before a block; before block 0, the embeddings.
    case residualPre(layer: Int)
    /// What each head looks at, `(NH, n, past + n)` for the n new tokens of one sequence; it can
    /// only be read.
    case pattern(layer: Int)
    /// `(N, NH * HS)`: what each head adds up of its values, before the projection.
    case z(layer: Int)
    /// `(N, C)`: the residual stream between attention and the feed-forward network.
    case residualMid(layer: Int)
    /// `(N, H)`: the activations of the neurons: GELU's output, or the gated ones of a Llama.
    case mlpPost(layer: Int)
    /// `(N, C)`: the residual stream after a block.
    case residualPost(layer: Int)

    /// The block.
    public var layer: Int {
        switch self {
        case .residualPre(let layer), .pattern(let layer), .z(let layer), .residualMid(let layer),
            .mlpPost(let layer), .residualPost(let layer):
            layer
        }
    }

    /// TransformerLens's name, such as `blocks.0.attn.hook_pattern`.
    public var name: String {
        let part =
            switch self {
            case .residualPre: "hook_resid_pre"
            case .pattern: "attn.hook_pattern"
            case .z: "attn.hook_z"
            case .residualMid: "hook_resid_mid"
            case .mlpPost: "mlp.hook_post"
            case .residualPost: "hook_resid_post"
            }
        return "blocks.\(layer).\(part)"
    }
}

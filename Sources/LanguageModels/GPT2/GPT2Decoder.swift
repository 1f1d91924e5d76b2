// A GPT-2 that continues sequences: what its blocks compute in a pass over new tokens.

import FileIO
import Inference
import Tensors

/// A GPT-2 for generation.
package typealias GPT2Decoder = BlockDecoder<GPT2DecoderBlocks>

extension GPT2Decoder {
    /// Reads an llm.c model file, of version 3 or 5.
    /// - Throws: ``FileIOError``, ``TensorFileError``, ``ModelError`` or ``TensorError``.
    package convenience init(
        llmcCheckpoint path: FilePath,
        precision: ElementType? = .float32,
        cachePrecision: ElementType = .float32,
        ops: Ops
    ) throws {
        try self.init(
            LLMCFile(path),
            precision: precision,
            cachePrecision: cachePrecision,
            ops: ops
        )
    }

    /// A decoder with the weights of a model as they are now.
    /// - Throws: ``TensorError/outOfMemory(byteCount:)``.
    package convenience init(
        _ model: GPT2,
        precision: ElementType? = .float32,
        cachePrecision: ElementType = .float32
    ) throws {
        try self.init(
            model,
            precision: precision,
            cachePrecision: cachePrecision,
            ops: model.ops
        )
    }
}

/// The blocks of a GPT-2: layernorms, learned positions, and GELU.
package final class GPT2DecoderBlocks: DecoderBlocks {
    private let configuration: GPT2Configuration
    let weights: GPT2Tensors
    private let ops: Ops

    package init(_ configuration: GPT2Configuration, weights: TensorSource, ops: Ops) {
        self.configuration = configuration
        self.weights = GPT2Tensors(weights)
        self.ops = ops
    }

    package func embed(_ rows: PassRows, _ own: GPT2DecoderWorkspace) {
        ops.lookUp(out: rows.residual, weight: weights.wte, rows: rows.tokens)
        ops.lookUp(out: rows.normalized, weight: weights.wpe, rows: rows.positions)
        ops.residualForward(out: rows.residual, a: rows.residual, b: rows.normalized)
    }

    package func attentionInputs(
        block: Int,
        _ rows: PassRows,
        _ own: GPT2DecoderWorkspace
    ) -> AttentionColumns {
        ops.linear(
            out: own.qkv,
            inp: normalize(rows.residual, weights.ln1w[block], weights.ln1b[block], rows, own),
            weight: weights.qkvw[block],
            bias: weights.qkvb[block]
        )
        return AttentionColumns(together: own.qkv)
    }

    package func addAttention(block: Int, out: Tensor, atty: Tensor, residual: Tensor) {
        ops.linear(
            out: out,
            inp: atty,
            weight: weights.attprojw[block],
            bias: weights.attprojb[block],
            residual: residual
        )
    }

    package func neurons(
        block: Int,
        residual: Tensor,
        _ rows: PassRows,
        _ own: GPT2DecoderWorkspace
    ) -> Tensor {
        let fchGelu = own.fchGelu[0..<residual.shape[0]]
        ops.linear(
            out: fchGelu,
            inp: normalize(residual, weights.ln2w[block], weights.ln2b[block], rows, own),
            weight: weights.fcw[block],
            bias: weights.fcb[block],
            gelu: configuration.activation == .tanh
        )
        if configuration.activation == .exact { ops.exactGeluForward(out: fchGelu, inp: fchGelu) }
        return fchGelu
    }

    package func addNeurons(block: Int, out: Tensor, neurons: Tensor, residual: Tensor) {
        ops.linear(
            out: out,
            inp: neurons,
            weight: weights.fcprojw[block],
            bias: weights.fcprojb[block],
            residual: residual
        )
    }

    package func classify(
        logits: Tensor,
        residual: Tensor,
        _ rows: PassRows,
        _ own: GPT2DecoderWorkspace
    ) {
        ops.linear(
            out: logits,
            inp: normalize(residual, weights.lnfw, weights.lnfb, rows, own),
            weight: weights.wte
        )
    }

    /// The layernorm of some rows: the first rows of `rows.normalized`.
    private func normalize(
        _ inp: Tensor,
        _ weight: Tensor,
        _ bias: Tensor,
        _ rows: PassRows,
        _ own: GPT2DecoderWorkspace
    ) -> Tensor {
        let first = 0..<inp.shape[0]
        let out = rows.normalized[first]
        ops.layernormForward(
            out: out,
            mean: own.mean[first],
            rstd: own.rstd[first],
            inp: inp,
            weight: weight,
            bias: bias
        )
        return out
    }
}

extension GPT2DecoderBlocks {
    package func workspaceLayout(rowCount N: Int) -> [TensorSpecification] {
        let (C, H) = (configuration.channels, configuration.hiddenChannels)
        return [
            TensorSpecification("mean", [N]),
            TensorSpecification("rstd", [N]),
            TensorSpecification("qkv", [N, 3 * C]),
            TensorSpecification("fchGelu", [N, H]),
        ]
    }

    package func makeWorkspace(_ set: TensorSet) -> GPT2DecoderWorkspace {
        GPT2DecoderWorkspace(set)
    }
}

/// What a pass needs besides what all families need.
package final class GPT2DecoderWorkspace {
    fileprivate let mean: Tensor  // (N)
    fileprivate let rstd: Tensor  // (N)
    fileprivate let qkv: Tensor  // (N, 3C)
    fileprivate let fchGelu: Tensor  // (N, 4C)

    fileprivate init(_ set: TensorSet) {
        mean = set["mean"]
        rstd = set["rstd"]
        qkv = set["qkv"]
        fchGelu = set["fchGelu"]
    }
}

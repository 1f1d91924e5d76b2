// The linear layers of a pass, some with an adapter: the products with the weight and with the
// adapter's two thin matrices, forward and backward.

import Tensors

/// Where a pass puts gradients.
package struct PassGradients<Weights> {
    /// Those of the weights; nil if an adapter is trained instead.
    let weights: Weights?
    /// Those of all trained parameters: of the adapter if there is one, else of the weights.
    let set: TensorSet
}

/// The adapter of a lane, and its memory.
struct LaneAdapter {
    let adapter: TrainableAdapter
    /// `(N, r)` for the largest rank: A times the input, scaled.
    private let inner: Tensor
    /// The same shape: its gradient.
    private let dinner: Tensor
    /// `(N, out)` for the widest layer: what is added to its output.
    private let outer: Tensor

    /// Takes its memory from a lane's.
    init(_ adapter: TrainableAdapter, _ set: TensorSet) {
        self.adapter = adapter
        inner = set["adapterInner"]
        dinner = set["adapterDInner"]
        outer = set["adapterOuter"]
    }

    /// What it needs of a lane's memory.
    static func layout(_ shape: LowRankShape, rowCount N: Int) -> [TensorSpecification] {
        let rank = shape.layers.reduce(0) { max($0, $1.rank) }
        let width = shape.layers.reduce(0) { max($0, $1.weight.shape[0]) }
        return [
            TensorSpecification("adapterInner", [N * rank]),
            TensorSpecification("adapterDInner", [N * rank]),
            // In the backward pass the logits are no longer needed when the first block runs; other
            // memory shared with them within a block is unused in the forward pass of a block.
            TensorSpecification("adapterOuter", [N * width], sharedWith: "logits"),
        ]
    }

    /// A times `inp`, scaled.
    fileprivate func inner(of inp: Tensor, _ pair: TrainableAdapter.Pair, _ ops: Ops) -> Tensor {
        let result = Self.rows(of: inner, inp.shape[0], pair.a.shape[0])
        ops.matmulForward(out: result, inp: inp, weight: pair.a)
        ops.scale(TensorColumns(result), by: pair.scale)
        return result
    }

    /// What is added to the output of a layer, and to `residual`.
    fileprivate func change(
        of inp: Tensor,
        _ pair: TrainableAdapter.Pair,
        residual: Tensor?,
        _ ops: Ops
    ) -> Tensor {
        let result = Self.rows(of: outer, inp.shape[0], pair.b.shape[0])
        ops.matmulForward(
            out: result,
            inp: inner(of: inp, pair, ops),
            weight: pair.b,
            residual: residual
        )
        return result
    }

    /// The gradients of A and B.
    /// - Returns: The gradient of A times the input.
    fileprivate func backward(
        _ pair: TrainableAdapter.Pair,
        _ gradients: TrainableAdapter.Pair,
        dout: Tensor,
        inp: Tensor,
        accumulate: Bool,
        _ ops: Ops
    ) -> Tensor {
        ops.matmulBackwardWeight(
            dweight: gradients.b,
            dout: dout,
            inp: inner(of: inp, pair, ops),
            accumulate: accumulate
        )
        let result = Self.rows(of: dinner, inp.shape[0], pair.a.shape[0])
        ops.matmulBackwardInput(dinp: result, dout: dout, weight: pair.b)
        ops.scale(TensorColumns(result), by: pair.scale)
        ops.matmulBackwardWeight(
            dweight: gradients.a,
            dout: result,
            inp: inp,
            accumulate: accumulate
        )
        return result
    }

    private static func rows(of memory: Tensor, _ rows: Int, _ columns: Int) -> Tensor {
        memory[0..<rows * columns].reshaped([rows, columns])
    }
}

extension TrainingPass {
    /// A linear layer, as ``Ops/matmulForward(out:geluOut:inp:weight:bias:residual:)`` computes it,
    /// and its adapter, if any.
    func forward(
        _ place: @autoclosure () -> ModelWeight,
        out: Tensor,
        geluOut: Tensor? = nil,
        inp: Tensor,
        weight: Tensor,
        bias: Tensor? = nil,
        residual: Tensor? = nil
    ) {
        var residual = residual
        if let own = lane.adapter, let pair = own.adapter.pair(place()) {
            residual = own.change(of: inp, pair, residual: residual, ops)
        }
        ops.matmulForward(
            out: out,
            geluOut: geluOut,
            inp: inp,
            weight: weight,
            bias: bias,
            residual: residual
        )
    }

    /// Backpropagates a linear layer to its parameters and its input.
    ///
    /// Frozen weights and biases have no gradients; the adapter's are put into `set`. `accumulate`
    /// says whether to add to the gradients of matrices, and `addsToInput` whether to add to
    /// `dinp`.
    func backward(
        _ place: @autoclosure () -> ModelWeight,
        dinp: Tensor,
        dout: Tensor,
        inp: Tensor,
        weight: Tensor,
        dweight: Tensor?,
        dbias: Tensor? = nil,
        in set: TensorSet,
        geluInp: Tensor? = nil,
        accumulate: Bool,
        addsToInput: Bool = false
    ) {
        if let dweight {
            ops.matmulBackwardWeight(
                dweight: dweight,
                dbias: dbias,
                dout: dout,
                inp: inp,
                accumulate: accumulate
            )
        }
        guard let own = lane.adapter, case let place = place(), let pair = own.adapter.pair(place),
            let gradients = own.adapter.pair(place, in: set)
        else {
            ops.matmulBackwardInput(
                dinp: dinp,
                dout: dout,
                weight: weight,
                geluInp: geluInp,
                accumulate: addsToInput
            )
            return
        }
        let dinner = own.backward(
            pair,
            gradients,
            dout: dout,
            inp: inp,
            accumulate: accumulate,
            ops
        )
        ops.matmulBackwardInput(dinp: dinp, dout: dout, weight: weight, accumulate: addsToInput)
        ops.matmulBackwardInput(
            dinp: dinp,
            dout: dinner,
            weight: pair.a,
            geluInp: geluInp,
            accumulate: true
        )
    }
}

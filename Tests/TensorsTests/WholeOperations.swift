// Operations of several outputs, in new tensors that are full of NaN before.

import Tensors

extension Ops {
    /// Layer normalization of `(N, C)`, into `out` if one is given.
    func layernorm(
        _ inp: Tensor,
        weight: Tensor,
        bias: Tensor,
        into out: Tensor? = nil
    ) throws -> (out: Tensor, mean: Tensor, rstd: Tensor) {
        let out = try out ?? TensorMaker.garbage(inp.shape)
        let rows = [inp.shape[0]]
        let (mean, rstd) = (try TensorMaker.garbage(rows), try TensorMaker.garbage(rows))
        layernormForward(out: out, mean: mean, rstd: rstd, inp: inp, weight: weight, bias: bias)
        return (out, mean, rstd)
    }

    /// A linear layer over `(N, C)` with all that can be fused into it.
    func matmul(
        _ inp: Tensor,
        weight: Tensor,
        bias: Tensor,
        residual: Tensor
    ) throws -> (out: Tensor, geluOut: Tensor) {
        let (out, geluOut) = (
            try TensorMaker.garbage(residual.shape), try TensorMaker.garbage(residual.shape)
        )
        matmulForward(
            out: out,
            geluOut: geluOut,
            inp: inp,
            weight: weight,
            bias: bias,
            residual: residual
        )
        return (out, geluOut)
    }
}

// A forward and a backward pass of attention with all its options, and the plain form of GPT-2: q,
// k and v of all heads side by side.

import Tensors

/// Sizes, and what is hidden and dropped.
struct AttentionPass {
    var B: Int
    var T: Int
    var NKH: Int
    /// Query heads that share a head of keys and values.
    var shared: Int
    var HS: Int
    var starts: Tensor?
    var dropout: Dropout?
    var firstSequence = 0

    var NH: Int { NKH * shared }
    var C: Int { NH * HS }
    /// q, k and v, with some unused columns around them.
    var columns: [Range<Int>] {
        let ends = [2, 2 + C, 2 + C + NKH * HS, 2 + C + 2 * NKH * HS]
        return (0..<3).map { ends[$0]..<ends[$0 + 1] }
    }
    var width: Int { columns[2].upperBound + 3 }

    /// Documents of `lengths` tokens, repeated in every sequence.
    mutating func separate(lengths: [Int]) throws {
        var starts: [Int32] = []
        for _ in 0..<B {
            var (start, document) = (0, 0)
            for t in 0..<T {
                if t == start + lengths[document % lengths.count] {
                    (start, document) = (t, document + 1)
                }
                starts.append(Int32(start))
            }
        }
        self.starts = try TensorMaker.integers(starts, [B, T])
    }

    /// Runs both passes; the backward pass starts from `forward`, if given.
    /// - Returns: out, lse, dq, dk and dv.
    func run(
        _ ops: Ops,
        inputs: Tensor,
        dout: Tensor,
        forward: (out: Tensor, lse: Tensor)? = nil
    ) throws -> [Tensor] {
        let inp = columns.map { TensorColumns(inputs, $0) }
        let out =
            inputs.elementType == .float32
            ? try TensorMaker.garbage([B, T, C]) : try TensorMaker.bfloat16Garbage([B, T, C])
        let lse = try TensorMaker.garbage([B, NH, T])
        let gradients = try [C, NKH * HS, NKH * HS].map { try TensorMaker.garbage([B * T, $0]) }
        ops.attentionForward(
            out: out,
            lse: lse,
            q: inp[0],
            k: inp[1],
            v: inp[2],
            headCount: NH,
            starts: starts,
            dropout: dropout,
            firstSequence: firstSequence
        )
        ops.attentionBackward(
            dq: TensorColumns(gradients[0]),
            dk: TensorColumns(gradients[1]),
            dv: TensorColumns(gradients[2]),
            dout: dout,
            out: forward?.out ?? out,
            lse: forward?.lse ?? lse,
            q: inp[0],
            k: inp[1],
            v: inp[2],
            headCount: NH,
            starts: starts,
            dropout: dropout,
            firstSequence: firstSequence
        )
        return [out, lse] + gradients
    }
}

extension Ops {
    /// Attention of GPT-2: `qkv` is `(B, T, 3C)`.
    func attentionForward(out: Tensor, lse: Tensor, qkv: Tensor) {
        let columns = Self.thirds(qkv)
        attentionForward(
            out: out,
            lse: lse,
            q: columns[0],
            k: columns[1],
            v: columns[2],
            headCount: lse.shape[1]
        )
    }

    /// The backward pass; `dqkv` is `(B, T, 3C)`.
    func attentionBackward(dqkv: Tensor, dout: Tensor, out: Tensor, qkv: Tensor, lse: Tensor) {
        let (columns, gradients) = (Self.thirds(qkv), Self.thirds(dqkv))
        attentionBackward(
            dq: gradients[0],
            dk: gradients[1],
            dv: gradients[2],
            dout: dout,
            out: out,
            lse: lse,
            q: columns[0],
            k: columns[1],
            v: columns[2],
            headCount: lse.shape[1]
        )
    }

    /// Both passes of GPT-2's attention, in the type of `qkv`; the backward pass starts from
    /// `forward`, if given.
    func attention(
        _ qkv: Tensor,
        dout: Tensor,
        NH: Int,
        forward: (out: Tensor, lse: Tensor)? = nil
    ) throws -> (out: Tensor, lse: Tensor, dqkv: Tensor) {
        let (B, T) = (dout.shape[0], dout.shape[1])
        let out =
            qkv.elementType == .float32
            ? try TensorMaker.garbage(dout.shape) : try TensorMaker.bfloat16Garbage(dout.shape)
        let lse = try TensorMaker.garbage([B, NH, T])
        let dqkv = try TensorMaker.garbage(qkv.shape)
        attentionForward(out: out, lse: lse, qkv: qkv)
        attentionBackward(
            dqkv: dqkv,
            dout: dout,
            out: forward?.out ?? out,
            qkv: qkv,
            lse: forward?.lse ?? lse
        )
        return (out, lse, dqkv)
    }

    private static func thirds(_ qkv: Tensor) -> [TensorColumns] {
        let rows = qkv.reshaped([qkv.shape[0] * qkv.shape[1], qkv.shape[2]])
        let C = qkv.shape[2] / 3
        return (0..<3).map { TensorColumns(rows, $0 * C..<($0 + 1) * C) }
    }
}

// Attention over sequences whose earlier keys and values are kept: the work of a layer when tokens
// are appended to sequences.

import CKernels

/// One sequence's share of ``Ops/cachedAttention(out:q:k:v:parts:headCount:)``.
package struct CachePart {
    /// `(NKH, capacity, HS)` float32 or bfloat16; new keys are stored at positions from `past` on.
    package var keys: Tensor
    /// The same for values.
    package var values: Tensor
    /// Positions that are already in the cache.
    package var past: Int
    /// The sequence's rows of q, k, v and out.
    package var rows: Range<Int>
    /// How many of the first rows only store: their rows of `out` stay as they are.
    package var silent: Int

    /// Describes a part.
    package init(keys: Tensor, values: Tensor, past: Int, rows: Range<Int>, silent: Int = 0) {
        self.keys = keys
        self.values = values
        self.past = past
        self.rows = rows
        self.silent = silent
    }
}

extension Ops {
    /// Stores the keys and values of new tokens, and lets each of them attend to all positions of
    /// its sequence up to its own.
    ///
    /// bfloat16 caches round to nearest, ties to even. The result has the same bits for any number
    /// of threads, and does not depend on the other parts.
    /// - Parameters:
    ///   - out: `(N, NH * HS)`, overwritten in the rows of the parts that are not silent.
    ///   - q: N rows of NH * HS columns.
    ///   - k: N rows of NKH * HS columns.
    ///   - v: The same.
    ///   - parts: Sequences and their rows, no two of the same sequence; caches have the same
    ///     shape, except for their capacity, and the same type.
    ///   - NH: The heads of q, a multiple of NKH: NH / NKH query heads share each head of keys and
    ///     values (Ainslie et al. 2023, "GQA").
    package func cachedAttention(
        out: Tensor,
        q: TensorColumns,
        k: TensorColumns,
        v: TensorColumns,
        parts: [CachePart],
        headCount NH: Int
    ) {
        guard let first = parts.first else { return }
        let (N, _) = Self.sizes2(q.tensor, "q")
        precondition(first.keys.shape.count == 3, "keys \(first.keys.shape)")
        let (NKH, HS) = (first.keys.shape[0], first.keys.shape[2])
        precondition(NH % NKH == 0, "\(NH) heads share \(NKH) heads of keys")
        Self.expect(out, [N, NH * HS], "out")
        // One by one: putting them in an array would count their references up and down.
        Self.expect(q, rows: N, width: NH * HS, "q")
        Self.expect(k, rows: N, width: NKH * HS, "k")
        Self.expect(v, rows: N, width: NKH * HS, "v")
        let type = first.keys.elementType
        precondition(ElementTypes.floats.contains(type), "a cache of \(type)")
        let arguments = parts.map { part in
            let capacity = part.keys.shape[1]
            Self.expect(part.keys, [NKH, capacity, HS], as: ElementTypes(type), "keys")
            Self.expect(part.values, [NKH, capacity, HS], as: ElementTypes(type), "values")
            precondition(
                part.past >= 0 && part.past + part.rows.count <= capacity
                    && part.rows.lowerBound >= 0 && part.rows.upperBound <= N
                    && 0...part.rows.count ~= part.silent,
                "rows \(part.rows) of \(N), \(part.silent) silent, "
                    + "after \(part.past) of \(capacity)"
            )
            return ck_cache_part(
                row: part.rows.lowerBound,
                count: part.rows.count,
                silent: part.silent,
                past: part.past,
                capacity: capacity,
                keys: part.keys.mutableArray.data,
                values: part.values.mutableArray.data
            )
        }
        arguments.withUnsafeBufferPointer { buffer in
            var all = ck_cached_attention_arguments(
                out: out.mutableFloatPointer,
                q: q.pointer,
                k: k.pointer,
                v: v.pointer,
                ld_q: q.tensor.shape[1],
                ld_k: k.tensor.shape[1],
                ld_v: v.tensor.shape[1],
                parts: buffer.baseAddress,
                count: buffer.count,
                cache_type: type.kernelType,
                NH: NH,
                NKH: NKH,
                HS: HS
            )
            run(channels: HS) { table.cached_attention($0, &all) }
        }
        withExtendedLifetime((out, q, k, v, parts)) {}
    }

    /// Stops the program unless `input` has N rows of as many columns.
    static func expect(
        _ input: TensorColumns,
        rows N: Int,
        width: Int,
        as types: ElementTypes = .float32,
        _ name: StaticString
    ) {
        let (rows, W) = sizes2(input.tensor, as: types, name)
        precondition(
            rows == N && input.columns.count == width && input.columns.upperBound <= W,
            "\(name): columns \(input.columns) of \(input.tensor.shape) for \(N) rows of \(width)"
        )
    }
}

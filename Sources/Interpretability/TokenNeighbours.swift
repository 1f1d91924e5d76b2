// Which tokens a model has embedded near another, by the cosine of their embeddings. Only weights
// are examined and nothing is run; a Llama's separate classifier is ignored.

import LanguageModels
import Tensors

/// A token near another.
package struct TokenNeighbour: Sendable, Equatable {
    /// The token.
    package let token: Int32
    /// The cosine of the angle between the two embeddings: 1 where they point the same way.
    package let cosine: Float
}

extension ModelWeights {
    /// The tokens whose embeddings point in nearly the same direction as that of `token`, nearest
    /// first; equals by id.
    ///
    /// An embedding of zeros, or with a number that is not finite, has no direction and is near no
    /// other.
    /// - Parameters:
    ///   - token: Below the size of the vocabulary.
    ///   - count: The most neighbors.
    ///   - ops: What converts other types to float32.
    /// - Returns: Other tokens, at most `count`.
    /// - Throws: ``InterpretabilityError`` for a token outside the vocabulary, or one whose
    ///   embedding has no direction; what reading the weights throws.
    package func neighbours(
        of token: Int32,
        count: Int,
        ops: Ops
    ) throws -> [TokenNeighbour] {
        precondition(count >= 0, "\(count) neighbors")
        let V = configuration.vocabularySize
        guard 0..<V ~= Int(token) else {
            throw InterpretabilityError.tokenOutsideVocabulary(token: token, vocabularySize: V)
        }
        guard let weight = configuration.weights.first(where: { $0.role == .embedding }) else {
            preconditionFailure("a model without embeddings")
        }
        let embeddings = try ops.convert(tensor(weight), to: .float32)
        let all = embeddings.withUnsafeElements(as: Float.self) {
            cosines(of: $0, with: Int(token), columns: embeddings.columns)
        }
        try embeddings.requireIntact()
        guard all[Int(token)] != nil else {
            throw InterpretabilityError.noDirection(token: token)
        }
        var others: [TokenNeighbour] = []
        for (id, cosine) in all.enumerated() where id != Int(token) {
            guard let cosine else { continue }
            others.append(TokenNeighbour(token: Int32(id), cosine: Float(cosine)))
        }
        others.sort {
            $0.cosine == $1.cosine ? $0.token < $1.token : $0.cosine > $1.cosine
        }
        return Array(others.prefix(count))
    }
}

/// The cosine of each row with one of them, in float64; nil where a row has no direction.
private func cosines(
    of elements: UnsafeBufferPointer<Float>,
    with chosen: Int,
    columns C: Int
) -> [Double?] {
    func products(_ row: Int) -> (with: Double, square: Double) {
        var (product, square) = (0.0, 0.0)
        for i in 0..<C {
            let value = Double(elements[row * C + i])
            product += value * Double(elements[chosen * C + i])
            square += value * value
        }
        return (product, square)
    }
    let length = products(chosen).square.squareRoot()
    return (0..<elements.count / C).map { row in
        let (product, square) = products(row)
        let cosine = product / (length * square.squareRoot())
        // Rounding may leave it slightly out of range.
        return cosine.isFinite ? min(max(cosine, -1), 1) : nil
    }
}
